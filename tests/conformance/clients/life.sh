#!/usr/bin/env bash
# The life of secrets, by the AWS CLI.
source "$(dirname "$0")/checks.sh"

first=11111111-1111-4111-8111-111111111111 second=22222222-2222-4222-8222-222222222222 third=33333333-3333-4333-8333-333333333333

is "create with a text, tags, a description and a KMS key" $'app\t'"$first" create-secret --name app --secret-string one \
  --client-request-token $first --description "a shop" --kms-key-id alias/shop --tags Key=team,Value=blue --query '[Name,VersionId]'
is "describe what was created" $'a shop\talias/shop\tteam\tblue\tAWSCURRENT\tNone\tNone' describe-secret --secret-id app \
  --query "[Description,KmsKeyId,Tags[0].Key,Tags[0].Value,VersionIdsToStages.\"$first\"[0],RotationEnabled,LastAccessedDate]"
is "create bytes" bytes create-secret --name bytes --secret-binary "some bytes" --query Name
is "get bytes" $'c29tZSBieXRlcw==\tNone' get-secret-value --secret-id bytes --query '[SecretBinary,SecretString]'
is "get by stage" one get-secret-value --secret-id app --version-stage AWSCURRENT --query SecretString
is "put" $second put-secret-value --secret-id app --secret-string two --client-request-token $second --query VersionId
is "get by version" $'one\tAWSPREVIOUS' get-secret-value --secret-id app --version-id $first --query '[SecretString,VersionStages[0]]'
refused "put another value with the same token" ResourceExistsException put-secret-value --secret-id app --secret-string x \
  --client-request-token $second
is "update the description only" None update-secret --secret-id app --description "a bigger shop" --query VersionId
is "update the value" $third update-secret --secret-id app --secret-string three --client-request-token $third --query VersionId
is "list the versions with a label" "$second"$'\t'"$third" list-secret-version-ids --secret-id app --query 'Versions[].VersionId'
is "list the versions without a label as well" "$first"$'\t'"$second"$'\t'"$third" list-secret-version-ids --secret-id app \
  --include-deprecated --query 'Versions[].VersionId'
is "move AWSCURRENT back" app update-secret-version-stage --secret-id app --version-stage AWSCURRENT --move-to-version-id $second \
  --remove-from-version-id $third --query Name
is "the moved version is current" two get-secret-value --secret-id app --query SecretString
is "tag" "" tag-resource --secret-id app --tags Key=stage,Value=live
is "untag" "" untag-resource --secret-id app --tag-keys team
is "the tags that are left" $'stage\tlive' describe-secret --secret-id app --query 'Tags[].[Key,Value]'

is "list in pages" $'app\nbytes' list-secrets --page-size 1 --sort-by name --sort-order asc --query 'SecretList[].Name' --max-items 10
is "list by a filter" app list-secrets --filters Key=tag-value,Values=live --query 'SecretList[].Name'
is "list sorted" $'bytes\tapp' list-secrets --sort-by name --sort-order desc --query 'SecretList[].Name'
is "get a batch" $'two\tnobody\tResourceNotFoundException' batch-get-secret-value --secret-id-list app nobody \
  --query '[SecretValues[0].SecretString,Errors[0].SecretId,Errors[0].ErrorCode]'
is "get a batch by a filter" two batch-get-secret-value --filters Key=name,Values=app --query 'SecretValues[].SecretString'

is "rotate" app rotate-secret --secret-id app --rotation-lambda-arn "$FUNCTION" --rotation-rules AutomaticallyAfterDays=30 --query Name
until_is "the rotation ends" rotated get-secret-value --secret-id app --query SecretString
is "cancel" app cancel-rotate-secret --secret-id app --query Name
is "rotation is off" False describe-secret --secret-id app --query RotationEnabled
refused "a function that cannot be called is refused" AccessDeniedException rotate-secret --secret-id bytes \
  --rotation-lambda-arn "$FUNCTION-nobody"

is "delete with a recovery window" bytes delete-secret --secret-id bytes --recovery-window-in-days 7 --query Name
refused "a deleted secret is not read" InvalidRequestException get-secret-value --secret-id bytes
is "restore" bytes restore-secret --secret-id bytes --query Name
is "a restored secret is read" c29tZSBieXRlcw== get-secret-value --secret-id bytes --query SecretBinary
is "delete by force" bytes delete-secret --secret-id bytes --force-delete-without-recovery --query Name
refused "a secret that was deleted by force is gone" ResourceNotFoundException describe-secret --secret-id bytes
is "a random password" 50 get-random-password --password-length 50 --query 'length(RandomPassword)'

# Other operations on a secret that does not exist: see life.py.
for operation in get-secret-value restore-secret; do
  refused "$operation of a secret that does not exist" ResourceNotFoundException $operation --secret-id nobody
done
echo end
