#!/usr/bin/env bash
# Resource policies, by the AWS CLI.
source "$(dirname "$0")/checks.sh"

policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}'
public=${policy/'{"AWS":"arn:aws:iam::123456789012:root"}'/'"*"'}

is "create" guarded create-secret --name guarded --secret-string one --query Name
is "put a policy" guarded put-resource-policy --secret-id guarded --resource-policy "$policy" --block-public-policy --query Name
is "get a policy" "$policy" get-resource-policy --secret-id guarded --query ResourcePolicy
refused "a public policy is refused where that is asked for" PublicPolicyException put-resource-policy --secret-id guarded \
  --resource-policy "$public" --block-public-policy
is "validate a good policy" True validate-resource-policy --resource-policy "$policy" --query PolicyValidationPassed
is "validate a public policy" False validate-resource-policy --resource-policy "$public" --query PolicyValidationPassed
is "delete a policy" guarded delete-resource-policy --secret-id guarded --query Name
is "a policy that was deleted is gone" None get-resource-policy --secret-id guarded --query ResourcePolicy
refused "get-resource-policy of a secret that does not exist" ResourceNotFoundException get-resource-policy --secret-id nobody
echo end
