"""template.py ARCHITECTURE FOLDER FUNCTION...: writes the templates that deploy zips without a build, into FOLDER.

`template-ARCHITECTURE.yaml` makes all FUNCTIONs, `FUNCTION-ARCHITECTURE.yaml` makes that one only. Each takes its code
from `FUNCTION-ARCHITECTURE.zip` beside it. Runs in the Python of the SAM CLI, which reads and writes templates.
"""

import re
import sys

from samcli.yamlhelper import yaml_dump, yaml_parse


def for_zips(text, architecture, wanted):
    """The template of a text, for the zips of the wanted functions."""
    template = yaml_parse(text)
    # Paths of files that are not beside the zips.
    del template["Metadata"]["AWS::ServerlessRepo::Application"]
    del template["Globals"]["Function"]["CodeUri"]
    template["Parameters"]["Architecture"].update(
        Default=architecture, AllowedValues=[architecture], ConstraintDescription=f"{architecture}, as the zips are"
    )
    unwanted = []
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            del resource["Metadata"]["BuildMethod"]
            function = resource["Metadata"].pop("BuildProperties")["Binary"]
            resource["Properties"]["CodeUri"] = f"{function}-{architecture}.zip"
            if function not in wanted:
                unwanted.append(name)
    if len(wanted) == 1:
        for name, parameter in template["Parameters"].items():
            if name.startswith("Create") and name.removeprefix("Create") in template["Resources"]:
                # The value is shared with the other functions' parameters.
                template["Parameters"][name] = {**parameter, "AllowedValues": ["true"], "ConstraintDescription": "true"}
    return without(template, re.compile(f"(Create|Makes)?({'|'.join(unwanted)})")) if unwanted else template


def without(node, unwanted):
    """The node without what belongs to functions whose names match."""

    def belongs(name):
        return isinstance(name, str) and bool(unwanted.match(name))

    def mentions(value):
        if isinstance(value, dict):
            return any(map(mentions, value.values()))
        return any(map(mentions, value)) if isinstance(value, list) else belongs(value)

    def goes(value):
        return belongs(value) or isinstance(value, dict) and (
            belongs(value.get("Condition")) or mentions(value.get("Assert")) or [] in (value.get("Parameters"), value.get("Assertions"))
        )

    if isinstance(node, list):
        left = (without(value, unwanted) for value in node if not goes(value))
        return [value for value in left if not goes(value)]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node and belongs(node["Fn::If"][0]):
        return without(node["Fn::If"][2], unwanted)
    left = {name: without(value, unwanted) for name, value in node.items() if not belongs(name) and not goes(value)}
    return {name: value for name, value in left.items() if not goes(value)}


if __name__ == "__main__":
    architecture, folder, *functions = sys.argv[1:]
    with open("template.yaml", encoding="utf-8") as file:
        text = file.read()
    for name, wanted in [("template", functions)] + [(function, [function]) for function in functions]:
        with open(f"{folder}/{name}-{architecture}.yaml", "w", encoding="utf-8") as file:
            file.write(yaml_dump(for_zips(text, architecture, wanted)))
