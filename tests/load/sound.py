"""A small sound cohort as files, and the means to spoil it."""

from __future__ import annotations

import csv
from pathlib import Path

PATIENTS = """\
patient_id,birth_date,sex,disease,weight_kg,smoking,tpmt,prior_biologics,has_liver_disease,site,observed_from,observed_to,death_date,crp_mg_per_l
QX71K,1980-02-14,female,crohns_disease,61.5,never,normal,0,no,North,2015-01-01,2021-12-31,,12.5
QX72K,1955-11-30,male,ulcerative_colitis,82,former,intermediate,1,no,South,2015-03-01,2020-10-10,2020-10-10,3
QX73K,1991-07-09,female,crohns_disease,58.2,current,untested,2,yes,North,2016-05-20,2022-06-30,,41.25
QX74K,1973-04-21,male,rheumatoid_arthritis,90,never,normal,0,no,South,2014-09-01,2022-06-30,,
"""
COURSES = """\
patient_id,drug,treatment_class,start_date,stop_date,stop_reason,dose_mg_per_day,route
QX71K,azathioprine,thiopurine,2017-03-01,2018-06-30,lack_of_efficacy,150,oral
QX71K,infliximab,anti_tnf,2018-08-01,,,,intravenous
QX72K,azathioprine,thiopurine,2016-09-13,2020-10-10,death,125,oral
QX73K,tofacitinib,jak_inhibitor,2018-05-02,2018-09-15,adverse_event,20,oral
QX74K,methotrexate,conventional,2015-10-05,2017-01-31,remission,2.5,oral
QX74K,methotrexate,conventional,2018-02-20,2018-12-24,patient_choice,2.5,oral
"""
VISITS = """\
patient_id,visit_date,measure,value,has_response,has_remission
QX71K,2017-06-05,cdai,181,,
QX72K,2017-01-16,mayo,2,yes,no
QX73K,2018-08-03,clinical,,yes,yes
"""
LABS = """\
patient_id,test_date,test,value,unit,upper_limit_normal
QX71K,2017-03-29,wbc,6.5,10^9/L,
QX71K,2017-03-29,alt,31,U/L,35
QX72K,2016-10-11,wbc,4.1,10^9/L,
QX73K,2018-05-30,crp,8.4,mg/L,5
"""
EVENTS = """\
patient_id,event_date,event,is_serious,is_opportunistic,site_of_infection,end_date
QX71K,2019-01-20,infection,yes,no,pneumonia,2019-02-02
QX73K,2018-07-13,infection,no,yes,herpes_zoster,2018-08-01
QX74K,2016-02-17,hospitalisation,yes,no,,2016-02-25
"""
STEROIDS = """\
patient_id,start_date,stop_date,prednisolone_mg_per_day
QX71K,2017-03-01,2017-05-31,40
QX73K,2018-04-16,,5
"""
TIMES = """\
patient_id,endpoint,start_date,time_days,cause
QX71K,first_flare,2017-03-01,288,flare
QX73K,first_flare,2018-05-02,136,
"""
TABLES = {
    "patients": PATIENTS,
    "courses": COURSES,
    "visits": VISITS,
    "labs": LABS,
    "events": EVENTS,
    "steroids": STEROIDS,
    "times": TIMES,
}
IDENTIFIERS = ("QX71K", "QX72K", "QX73K", "QX74K", "QX75K")


class Files:
    """The tables of the sound cohort, to be spoiled and then written as CSV.

    Rows are numbered as an analyst sees them: the header is row 1.
    """

    def __init__(self) -> None:
        self.tables = {name: list(csv.reader(text.splitlines())) for name, text in TABLES.items()}

    def put(self, table: str, row: int, column: str, value: str) -> Files:
        """Put a value into one cell."""
        self.tables[table][row - 1][self.tables[table][0].index(column)] = value
        return self

    def fill(self, table: str, column: str, values: list[str]) -> Files:
        """Replace a whole column."""
        for row, value in enumerate(values, start=2):
            self.put(table, row, column, value)
        return self

    def add(self, table: str, line: str) -> Files:
        """Add a row at the end."""
        self.tables[table].append(next(csv.reader([line])))
        return self

    def rename(self, table: str, column: str, name: str) -> Files:
        """Rename a column."""
        header = self.tables[table][0]
        header[header.index(column)] = name
        return self

    def drop(self, table: str, column: str) -> Files:
        """Remove a column."""
        place = self.tables[table][0].index(column)
        for line in self.tables[table]:
            del line[place]
        return self

    def new_column(self, table: str, name: str, values: list[str]) -> Files:
        """Add a column at the right."""
        for line, value in zip(self.tables[table], [name, *values], strict=True):
            line.append(value)
        return self

    def write(self, folder: Path) -> Path:
        """Write every table as CSV."""
        folder.mkdir(exist_ok=True)
        for name, lines in self.tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(lines)
        return folder
