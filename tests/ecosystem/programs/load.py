"""Read a release with mlcroissant and Hugging Face's datasets, as their users do.

``python load.py RELEASE``: prints what they found, as JSON; nothing is fetched.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import datasets
import huggingface_hub
import mlcroissant

folder = sys.argv[1]
croissant = mlcroissant.Dataset(jsonld=f"{folder}/croissant.json")
issues = croissant.metadata.ctx.issues
found = {
    "issues": sorted([*issues.errors, *issues.warnings]),
    "version": croissant.metadata.version,
    "records": {},
    "tables": {},
}


def plain(value):
    return value.decode() if isinstance(value, bytes) else value


for records in croissant.metadata.record_sets:
    rows = list(croissant.records(record_set=records.id))
    first = (
        {name.partition("/")[2]: plain(value) for name, value in rows[0].items()} if rows else None
    )
    found["records"][records.id] = {"rows": len(rows), "first": first}

datasets.disable_progress_bars()
for name in datasets.get_dataset_config_names(folder):
    table = datasets.load_dataset(folder, name)["train"]
    found["tables"][name] = {"rows": table.num_rows, "first": table[0]}
found["default"] = datasets.get_dataset_default_config_name(folder)
card = huggingface_hub.DatasetCard.load(f"{folder}/README.md")
found["card"] = card.data.to_dict()
print(json.dumps(found, default=str))
