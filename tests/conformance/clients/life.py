"""The life of secrets, by boto3."""

import os
import time

from botocore.exceptions import ClientError

from checks import check, has, here, refused, same, token, until

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def values():
    first, second, third = token(), token(), token()
    with check("create with a text, tags, a description and a KMS key"):
        tags = [{"Key": "team", "Value": "blue"}]
        made = here.create_secret(
            Name="app/text", SecretString="one", ClientRequestToken=first, Tags=tags, Description="a shop", KmsKeyId=KEY
        )
        has(made, Name="app/text", VersionId=first, ReplicationStatus=None)
        assert made["ARN"].startswith("arn:aws:secretsmanager:us-east-1:"), made["ARN"]
    with check("describe what was created"):
        found = here.describe_secret(SecretId="app/text")
        has(found, ARN=made["ARN"], Tags=tags, Description="a shop", KmsKeyId=KEY)
        has(found, VersionIdsToStages={first: ["AWSCURRENT"]}, RotationEnabled=None, DeletedDate=None, LastAccessedDate=None)
    with check("create and get bytes"):
        here.create_secret(Name="app/bytes", SecretBinary=b"\x00\xff")
        has(here.get_secret_value(SecretId="app/bytes"), SecretBinary=b"\x00\xff", SecretString=None)
    with check("get by name, ARN, stage and version"):
        for members in [{}, {"VersionStage": "AWSCURRENT"}, {"VersionId": first}]:
            for secret in ["app/text", made["ARN"]]:
                found = here.get_secret_value(SecretId=secret, **members)
                has(found, SecretString="one", VersionId=first, VersionStages=["AWSCURRENT"], SecretBinary=None)
    with check("put a second value"):
        has(
            here.put_secret_value(SecretId="app/text", SecretString="two", ClientRequestToken=second),
            VersionId=second,
            VersionStages=["AWSCURRENT"],
        )
        has(here.get_secret_value(SecretId="app/text", VersionStage="AWSPREVIOUS"), SecretString="one")
    with check("put again with the same token"):
        here.put_secret_value(SecretId="app/text", SecretString="two", ClientRequestToken=second)
        refused(
            "ResourceExistsException", here.put_secret_value, SecretId="app/text", SecretString="x", ClientRequestToken=second
        )
    with check("update the description only"):
        found = here.update_secret(SecretId="app/text", Description="a bigger shop", ClientRequestToken=token())
        has(found, Name="app/text", VersionId=None)
        has(here.describe_secret(SecretId="app/text"), Description="a bigger shop")
    with check("update the value"):
        has(here.update_secret(SecretId="app/text", SecretString="three", ClientRequestToken=third), VersionId=third)
        has(here.get_secret_value(SecretId="app/text"), SecretString="three")
        has(here.describe_secret(SecretId="app/text"), VersionIdsToStages={second: ["AWSPREVIOUS"], third: ["AWSCURRENT"]})
    with check("list the versions with a label"):
        found = here.list_secret_version_ids(SecretId="app/text")
        same([version["VersionId"] for version in found["Versions"]], [second, third])
    with check("list the versions without a label as well"):
        found = here.list_secret_version_ids(SecretId="app/text", IncludeDeprecated=True)
        same([version["VersionId"] for version in found["Versions"]], [first, second, third])
        has(found["Versions"][0], VersionStages=None)
    with check("move AWSCURRENT back"):
        move = {"SecretId": "app/text", "VersionStage": "AWSCURRENT", "MoveToVersionId": second}
        refused("InvalidParameterException", here.update_secret_version_stage, **move)
        has(here.update_secret_version_stage(**move, RemoveFromVersionId=third), ARN=made["ARN"], Name="app/text")
        has(here.describe_secret(SecretId="app/text"), VersionIdsToStages={second: ["AWSCURRENT"], third: ["AWSPREVIOUS"]})
    with check("tag and untag"):
        here.tag_resource(SecretId="app/text", Tags=[{"Key": "stage", "Value": "live"}])
        here.untag_resource(SecretId="app/text", TagKeys=["team", "never"])
        has(here.describe_secret(SecretId="app/text"), Tags=[{"Key": "stage", "Value": "live"}])


def lists():
    for number in range(5):
        here.create_secret(Name=f"list/{number}", SecretString=f"v{number}", Description="A List")
    here.create_secret(Name="other", SecretString="o")
    names = [f"list/{number}" for number in range(5)]
    with check("list in pages"):
        pages = list(here.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2}))
        found = [secret["Name"] for page in pages for secret in page["SecretList"]]
        same(sorted(found), sorted([*names, "app/bytes", "app/text", "other"]))
        assert len(pages) >= 4 and all(len(page["SecretList"]) <= 2 for page in pages), len(pages)
    with check("list by name, sorted"):
        filters = [{"Key": "name", "Values": ["list/"]}]
        found = here.list_secrets(Filters=filters, SortBy="name", SortOrder="asc")
        same([secret["Name"] for secret in found["SecretList"]], names)
        found = here.list_secrets(Filters=filters, SortBy="name", SortOrder="desc")
        same([secret["Name"] for secret in found["SecretList"]], names[::-1])
    with check("list by description, by tag, by all, and by negation"):
        for key, value, wanted in [
            ("description", "a list", names),
            ("tag-key", "stage", ["app/text"]),
            ("tag-value", "live", ["app/text"]),
            ("all", "LIVE", ["app/text"]),
            ("name", "!list/", ["app/bytes", "app/text", "other"]),
        ]:
            found = here.list_secrets(Filters=[{"Key": key, "Values": [value]}])["SecretList"]
            same((key, sorted(secret["Name"] for secret in found)), (key, wanted))
    with check("get a batch by ids"):
        found = here.batch_get_secret_value(SecretIdList=["list/1", "nobody", "list/3"])
        same([value["SecretString"] for value in found["SecretValues"]], ["v1", "v3"])
        same([(error["SecretId"], error["ErrorCode"]) for error in found["Errors"]], [("nobody", "ResourceNotFoundException")])
    with check("get a batch by filters, in pages"):
        found, page = [], {"NextToken": None}
        while "NextToken" in page:
            more = {"NextToken": page["NextToken"]} if page["NextToken"] else {}
            page = here.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["list/"]}], MaxResults=2, **more)
            assert len(page["SecretValues"]) <= 2, page
            found += [value["SecretString"] for value in page["SecretValues"]]
        same(sorted(found), [f"v{number}" for number in range(5)])
    with check("a batch has ids or filters"):
        refused("InvalidParameterException", here.batch_get_secret_value)
        refused("InvalidParameterException", here.batch_get_secret_value, SecretIdList=["other"], MaxResults=2)


def rotation():
    first, second = token(), token()
    here.create_secret(Name="rotated", SecretString="old", ClientRequestToken=first)
    describe = lambda: here.describe_secret(SecretId="rotated")
    with check("rotate, and wait"):
        found = here.rotate_secret(
            SecretId="rotated",
            RotationLambdaARN=os.environ["FUNCTION"],
            RotationRules={"AutomaticallyAfterDays": 30},
            ClientRequestToken=second,
        )
        has(found, Name="rotated", VersionId=second)
        until(describe, lambda found: "AWSCURRENT" in found["VersionIdsToStages"].get(second, []) and "LastRotatedDate" in found)
        has(describe(), RotationEnabled=True, RotationLambdaARN=os.environ["FUNCTION"], RotationRules={"AutomaticallyAfterDays": 30})
        has(here.get_secret_value(SecretId="rotated"), SecretString="rotated")
        has(here.get_secret_value(SecretId="rotated", VersionStage="AWSPREVIOUS"), SecretString="old")
    with check("a rotated secret has a next date"):
        assert describe()["NextRotationDate"] > describe()["CreatedDate"], describe()
    with check("cancel"):
        has(here.cancel_rotate_secret(SecretId="rotated"), Name="rotated")
        has(describe(), RotationEnabled=False, NextRotationDate=None, RotationLambdaARN=os.environ["FUNCTION"])
    with check("a function that cannot be called is refused"):
        nobody = os.environ["FUNCTION"] + "-nobody"
        refused("AccessDeniedException", here.rotate_secret, SecretId="other", RotationLambdaARN=nobody)
        has(here.describe_secret(SecretId="other"), RotationEnabled=None)


def deletion():
    secret = {"SecretId": "other"}
    with check("delete with a recovery window"):
        found = here.delete_secret(**secret, RecoveryWindowInDays=7)
        days = found["DeletionDate"].timestamp() - time.time()
        assert 6.9 * 86_400 < days < 7.1 * 86_400, found
        refused("InvalidRequestException", here.get_secret_value, **secret)
        assert "DeletedDate" in here.describe_secret(**secret)
    with check("a deleted secret is listed only where that is asked for"):
        filters = [{"Key": "name", "Values": ["other"]}]
        same(here.list_secrets(Filters=filters)["SecretList"], [])
        same(len(here.list_secrets(Filters=filters, IncludePlannedDeletion=True)["SecretList"]), 1)
    with check("restore"):
        has(here.restore_secret(**secret), Name="other")
        has(here.get_secret_value(**secret), SecretString="o")
        has(here.describe_secret(**secret), DeletedDate=None)
    with check("delete by force, also what is not there"):
        here.delete_secret(**secret, ForceDeleteWithoutRecovery=True)
        refused("ResourceNotFoundException", here.describe_secret, **secret)
        here.delete_secret(**secret, ForceDeleteWithoutRecovery=True)
    with check("a recovery window has 7 to 30 days"):
        refused("InvalidParameterException", here.delete_secret, SecretId="list/1", RecoveryWindowInDays=6)
        refused("InvalidParameterException", here.delete_secret, SecretId="list/1", RecoveryWindowInDays=31)


def passwords():
    with check("a random password"):
        found = here.get_random_password(PasswordLength=50, ExcludePunctuation=True, ExcludeCharacters="aB1")["RandomPassword"]
        assert len(found) == 50 and found.isalnum() and not set(found) & set("aB1"), len(found)
    with check("a password with a space may have four characters"):
        same(len(here.get_random_password(PasswordLength=4, IncludeSpace=True)["RandomPassword"]), 4)


def unknown():
    secret = {"SecretId": "nobody"}
    with check("an error has the status 400"):
        try:
            here.describe_secret(**secret)
        except ClientError as error:
            same(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    for what, call, members in [
        ("cancel", here.cancel_rotate_secret, {}),
        ("delete", here.delete_secret, {}),
        ("describe", here.describe_secret, {}),
        ("get", here.get_secret_value, {}),
        ("list the versions of", here.list_secret_version_ids, {}),
        ("put", here.put_secret_value, {"SecretString": "x"}),
        ("restore", here.restore_secret, {}),
        ("rotate", here.rotate_secret, {}),
        ("tag", here.tag_resource, {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("untag", here.untag_resource, {"TagKeys": ["k"]}),
        ("update", here.update_secret, {"SecretString": "x"}),
        ("move a stage of", here.update_secret_version_stage, {"VersionStage": "AWSCURRENT", "MoveToVersionId": token()}),
    ]:
        with check(f"{what} a secret that does not exist"):
            refused("ResourceNotFoundException", call, **secret, **members)


for part in [values, lists, rotation, deletion, passwords, unknown]:
    with check(f"the part {part.__name__} ran"):
        part()
print("end")
