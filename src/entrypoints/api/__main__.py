"""`python -m entrypoints.api` writes the OpenAPI document that is committed as contracts/openapi.json."""

import json
import sys

from entrypoints.api.app import new_app

json.dump(new_app().openapi(), sys.stdout, indent=2, ensure_ascii=False)
sys.stdout.write("\n")
