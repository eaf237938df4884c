"""pyinfra's group data: the variables of the other tools."""

from pathlib import Path

import yaml

globals().update(yaml.safe_load(Path("group_vars/all.yaml").read_text()))
