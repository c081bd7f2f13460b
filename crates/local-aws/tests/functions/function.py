#!/usr/bin/env python3
"""A function for tests: does what an event or the variable BEHAVIOUR says, and is a rotation function for a text value.

With an argument it is a function under `--command`; the argument is its handler.
"""
import http.client
import json
import os
import subprocess
import sys


def secrets_manager(operation, request):
    url = os.environ["SECRETS_MANAGER_ENDPOINT"]
    scope = os.environ["AWS_ACCESS_KEY_ID"] + "/20260101/" + os.environ["AWS_REGION"] + "/secretsmanager/aws4_request"
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager." + operation,
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
    }
    connection.request("POST", "/", json.dumps(request), headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    if response.status != 200:
        raise RuntimeError(f"{operation}: {body}")
    return body


def rotate(event):
    secret, token = event["SecretId"], event["ClientRequestToken"]
    stages = secrets_manager("DescribeSecret", {"SecretId": secret})["VersionIdsToStages"]
    current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
    if event["Step"] == "createSecret" and "AWSCURRENT" not in stages[token]:
        value = json.loads(secrets_manager("GetSecretValue", {"SecretId": secret})["SecretString"])
        value["password"] = "new-" + token
        value["by"] = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        secrets_manager(
            "PutSecretValue",
            {
                "SecretId": secret,
                "ClientRequestToken": token,
                "SecretString": json.dumps(value),
                "VersionStages": ["AWSPENDING"],
                "RotationToken": event["RotationToken"],
            },
        )
    if event["Step"] == "finishSecret" and current != token:
        move = {"MoveToVersionId": token, "RemoveFromVersionId": current}
        secrets_manager("UpdateSecretVersionStage", {"SecretId": secret, "VersionStage": "AWSCURRENT", **move})


def act(event, behaviour):
    """Returns the response."""
    match behaviour.split():
        case ["rotate"]:
            return rotate(event)
        case ["fail", step] if step != event.get("Step"):
            return rotate(event)
        case ["fail", _]:
            print("a line\nthe last line \x1b[2J", flush=True)
            raise ValueError("it fails \x1b[2J")
        case ["variables"]:
            arn = response.headers["Lambda-Runtime-Invoked-Function-Arn"]
            return dict(os.environ) | {"folder": os.getcwd(), "arn": arn}
        case ["process"]:
            return os.getpid()
        case ["wait-for", path]:
            with open(path) as file:  # a FIFO: opened when another process writes to it
                file.read()
            return os.getpid()
        case ["hang-with-child", path]:
            child = subprocess.Popen(["sleep", "1000"])
            with open(path, "w") as file:
                file.write(str(child.pid))
            child.wait()
        case ["exit", status]:
            os._exit(int(status))
        case ["grow", mebibytes]:
            bytearray(b"x") * (int(mebibytes) << 20)  # freed at once
            return None
        case ["child-grows", mebibytes]:
            program = f"x = bytearray(b'x') * ({mebibytes} << 20); input()"
            subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE).wait()
        case _:
            raise ValueError(behaviour)


if os.environ.get("BEHAVIOUR") == "not start":
    sys.exit("cannot start")
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    response = api.getresponse()
    base = "/2018-06-01/runtime/invocation/" + response.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(response.read())
    try:
        result = act(event, event.get("do") or os.environ.get("BEHAVIOUR", "rotate"))
        path, body = base + "/response", json.dumps(result)
    except Exception as error:
        path, body = base + "/error", json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
    api.request("POST", path, body.encode())
    api.getresponse().read()
