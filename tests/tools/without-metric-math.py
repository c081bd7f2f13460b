#!/usr/bin/env python3
"""without-metric-math.py TEMPLATE: rewrites a template for MiniStack, which refuses alarms of an expression: each looks at
the first metric of its expression instead. tests/template/alarms.rs evaluates the expressions.
"""

import sys

from samcli.yamlhelper import yaml_dump, yaml_parse

path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    template = yaml_parse(file.read())
rewritten = 0
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
        alarm = resource["Properties"]
        first = next(query["MetricStat"] for query in alarm.pop("Metrics") if "MetricStat" in query)
        alarm.update(first["Metric"], Statistic=first["Stat"], Period=first["Period"])
        rewritten += 1
if not rewritten:
    sys.exit(f"no alarm of {path} has an expression: deploy it as it is")
with open(path, "w", encoding="utf-8") as file:
    file.write(yaml_dump(template))
