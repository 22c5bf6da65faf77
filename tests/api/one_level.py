"""Conditions within conditions, one level deep: Schemathesis cannot negate a schema that names itself.

What is deeper may be anything, so that nothing is taken for invalid that the server accepts.
"""

import copy

import schemathesis

CONDITION = "ConditionRequest"
INNER = "InnerConditionRequest"


def with_inner(node, inner):
    """The part of a schema, with `inner` where it names the condition."""
    if isinstance(node, dict):
        if node.get("$ref") == f"#/components/schemas/{CONDITION}":
            return copy.deepcopy(inner)
        return {key: with_inner(value, inner) for key, value in node.items()}
    if isinstance(node, list):
        return [with_inner(item, inner) for item in node]
    return node


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    condition = schemas[CONDITION]
    schemas[CONDITION] = with_inner(condition, {"$ref": f"#/components/schemas/{INNER}"})
    schemas[INNER] = with_inner(condition, {})
