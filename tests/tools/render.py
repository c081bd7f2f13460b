#!/usr/bin/env python3
"""render.py TEMPLATE: what CloudFormation would make of a template, for each set of parameters on standard input. A set
may give another value to a pseudo parameter such as AWS::Partition.

Reads a JSON array of objects of parameters, writes a JSON array with, for each, `refused` (the descriptions of the
Rules and patterns that refuse it), `resources` (after SAM's transform, those whose Condition holds, intrinsic functions
resolved) and `outputs` (those whose Condition holds). A reference to a resource becomes its logical id, an attribute
`Id.Attribute`.
"""

import json
import re
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()


class Resolver:
    """Resolves the intrinsic functions that this repository's templates use; any other is an error."""

    def __init__(self, template, values):
        self.template = template
        self.values = values

    def resolve(self, node):
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return getattr(self, name.removeprefix("Fn::").lower() + "_")(argument)
        resolved = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}

    def ref_(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.template["Resources"]:
            return name
        return self.values[name]

    def getatt_(self, of):
        name, attribute = of if isinstance(of, list) else of.split(".", 1)
        if name not in self.template["Resources"]:
            raise KeyError(name)
        return f"{name}.{attribute}"

    def sub_(self, argument):
        text, local = argument if isinstance(argument, list) else (argument, {})
        local = {key: self.resolve(value) for key, value in local.items()}

        def value(match):
            name = match[1]
            if name in local:
                return str(local[name])
            return str(self.getatt_(name) if "." in name else self.ref_(name))

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", value, text)

    def if_(self, argument):
        name, yes, no = argument
        return self.resolve(yes if self.condition_(name) else no)

    def condition_(self, name):
        return self.resolve(self.template["Conditions"][name])

    def equals_(self, argument):
        left, right = map(self.resolve, argument)
        return left == right

    def not_(self, argument):
        return not self.resolve(argument[0])

    def and_(self, argument):
        return all(map(self.resolve, argument))

    def or_(self, argument):
        return any(map(self.resolve, argument))

    def contains_(self, argument):
        values, value = map(self.resolve, argument)
        return value in values

    def eachmemberequals_(self, argument):
        values, value = map(self.resolve, argument)
        return all(one == value for one in values)

    def join_(self, argument):
        separator, values = argument
        return separator.join(map(str, self.resolve(values)))

    def findinmap_(self, argument):
        name, first, second = map(self.resolve, argument)
        return self.template["Mappings"][name][first][second]

    def importvalue_(self, name):
        return f"import {self.resolve(name)}"

    def select_(self, argument):
        index, values = argument
        return self.resolve(values)[int(index)]


class NoManagedPolicies:
    def load(self):
        return {}


def render(text, given):
    template = yaml_parse(text)
    declared = template["Parameters"]
    unknown = set(given) - set(declared) - set(PSEUDO)
    if unknown:
        raise KeyError(f"no such parameters: {sorted(unknown)}")
    texts = {name: str(given.get(name, of.get("Default", ""))) for name, of in declared.items()}
    refused, values = [], {name: given.get(name, value) for name, value in PSEUDO.items()}
    for name, of in declared.items():
        is_list = of["Type"] == "CommaDelimitedList"
        parts = texts[name].split(",") if is_list else [texts[name]]
        pattern, allowed = of.get("AllowedPattern", ""), [str(value) for value in of.get("AllowedValues", [])]
        fits = all(re.search(pattern, part) and (not allowed or part in allowed) for part in parts)
        if of["Type"] == "Number":
            fits = fits and texts[name].isdigit()
            fits = fits and of.get("MinValue", 0) <= int(texts[name]) <= of.get("MaxValue", sys.maxsize)
        if not fits:
            refused.append(f"{name}: {of.get('ConstraintDescription', 'CloudFormation would say which pattern it failed')}")
        values[name] = parts if is_list else texts[name]
    resolver = Resolver(template, values)
    for rule in template.pop("Rules", {}).values():
        if resolver.resolve(rule.get("RuleCondition", True)):
            broken = (one for one in rule["Assertions"] if not resolver.resolve(one["Assert"]))
            refused.extend(one["AssertDescription"] for one in broken)
    if refused:
        return {"refused": refused, "resources": {}, "outputs": {}}

    # The transform wants code that is uploaded already.
    template.get("Globals", {}).get("Function", {})["CodeUri"] = "s3://bucket/code.zip"
    for of in template["Resources"].values():
        if "CodeUri" in of.get("Properties", {}):
            of["Properties"]["CodeUri"] = f"s3://bucket/{of['Properties']['CodeUri']}"
    template = transform(template, texts, NoManagedPolicies())
    resolver = Resolver(template, values)
    conditions = {name: resolver.condition_(name) for name in template.get("Conditions", {})}
    # Of metadata, only what orders resources.
    for of in template["Resources"].values():
        of["Metadata"] = {"After": of.get("Metadata", {}).get("After", [])}

    def made(section):
        return {
            name: resolver.resolve({key: value for key, value in of.items() if key != "Condition"})
            for name, of in template.get(section, {}).items()
            if conditions.get(of.get("Condition"), True)
        }

    return {"refused": refused, "resources": made("Resources"), "outputs": made("Outputs")}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        template = file.read()
    json.dump([render(template, given) for given in json.load(sys.stdin)], sys.stdout)
