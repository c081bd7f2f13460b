"""What the programs for boto3 share. Each check prints `ok: WHAT`, or `differs: WHAT: HOW`; a program's last line is `end`.

AWS_ENDPOINT_URL is the server, FUNCTION the ARN of a rotation function that it can call.
"""

import contextlib
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(region):
    # Validation is the server's, not boto3's; a failed call is not tried again.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return boto3.client("secretsmanager", region_name=region, config=config)


here, there = client("us-east-1"), client("eu-west-1")


@contextlib.contextmanager
def check(what):
    try:
        yield
        print(f"ok: {what}", flush=True)
    except ClientError as error:
        print(f"differs: {what}: {error}".replace("\n", " "), flush=True)
    except Exception as error:  # A check that breaks does not hold.
        print(f"differs: {what}: {type(error).__name__} {error}".replace("\n", " "), flush=True)


def same(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def has(response, **wanted):
    """Asserts members of a response; None is one that must be absent."""
    for member, value in wanted.items():
        same(response.get(member), value)
    return response


def refused(code, call, message=None, **members):
    try:
        response = call(**members)
    except ClientError as error:
        same(error.response["Error"]["Code"], code)
        if message:
            same(error.response["Error"]["Message"], message)
        return
    raise AssertionError(f"{code} was expected, and {response} came")


def until(call, holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds(call()):
        assert time.monotonic() < end, f"it never came about: {call()}"
        time.sleep(0.02)


def token():
    return str(uuid.uuid4())
