"""What tests of every room share."""

import pytest

from azaanalysis.synthetic import shelf


@pytest.fixture(scope="module")
def own_shelf(tmp_path_factory):
    """Cohorts and truths that are kept: of this module alone, and gone with it."""
    usual, shelf.SHELF = shelf.SHELF, tmp_path_factory.mktemp("shelf")
    yield
    shelf.SHELF = usual
