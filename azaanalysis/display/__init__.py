"""Tables and figures. They take an estimate or a small summary frame, and never see patients."""
