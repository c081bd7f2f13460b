"""Resource policies, by boto3."""

from checks import check, has, here, refused

POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS":
"arn:aws:iam::123456789012:root"}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}"""
PUBLIC = POLICY.replace('{"AWS":\n"arn:aws:iam::123456789012:root"}', '"*"')


def policies():
    arn = here.create_secret(Name="policy", SecretString="p")["ARN"]
    secret = {"SecretId": "policy"}
    with check("a secret has no policy at first"):
        has(here.get_resource_policy(**secret), ARN=arn, Name="policy", ResourcePolicy=None)
    with check("put and get a policy"):
        has(here.put_resource_policy(**secret, ResourcePolicy=POLICY, BlockPublicPolicy=True), ARN=arn, Name="policy")
        has(here.get_resource_policy(**secret), ARN=arn, Name="policy", ResourcePolicy=POLICY)
    with check("a public policy is refused where that is asked for"):
        refused("PublicPolicyException", here.put_resource_policy, **secret, ResourcePolicy=PUBLIC, BlockPublicPolicy=True)
        has(here.get_resource_policy(**secret), ResourcePolicy=POLICY)
    with check("a malformed policy is refused"):
        refused("MalformedPolicyDocumentException", here.put_resource_policy, **secret, ResourcePolicy="{")
    with check("validate a good policy"):
        found = here.validate_resource_policy(**secret, ResourcePolicy=POLICY)
        has(found, PolicyValidationPassed=True, ValidationErrors=[])
    with check("validate a public policy"):
        found = here.validate_resource_policy(ResourcePolicy=PUBLIC)
        has(found, PolicyValidationPassed=False)
        assert found["ValidationErrors"][0]["ErrorMessage"], found
    with check("delete the policy"):
        has(here.delete_resource_policy(**secret), ARN=arn, Name="policy")
        has(here.get_resource_policy(**secret), ResourcePolicy=None)


def unknown():
    secret = {"SecretId": "nobody"}
    for what, call, members in [
        ("delete the policy of", here.delete_resource_policy, {}),
        ("get the policy of", here.get_resource_policy, {}),
        ("put a policy on", here.put_resource_policy, {"ResourcePolicy": POLICY}),
    ]:
        with check(f"{what} a secret that does not exist"):
            refused("ResourceNotFoundException", call, **secret, **members)


for part in [policies, unknown]:
    with check(f"the part {part.__name__} ran"):
        part()
print("end")
