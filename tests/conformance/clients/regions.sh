#!/usr/bin/env bash
# Replicas in other regions, by the AWS CLI.
source "$(dirname "$0")/checks.sh"

there=(--region eu-west-1)
is "create" spread create-secret --name spread --secret-string one --query Name
is "replicate" eu-west-1 replicate-secret-to-regions --secret-id spread --add-replica-regions Region=eu-west-1 \
  --query 'ReplicationStatus[0].Region'
until_is "the replica is in sync" InSync describe-secret --secret-id spread --query 'ReplicationStatus[0].Status'
is "read a replica" one get-secret-value --secret-id spread "${there[@]}" --query SecretString
refused "a replica cannot be written" InvalidParameterException put-secret-value --secret-id spread --secret-string x "${there[@]}"
refused "a secret with a replica cannot be deleted" InvalidParameterException delete-secret --secret-id spread
arn=$(aws describe-secret --secret-id spread --query ARN --output text)
is "stop replication" "${arn/us-east-1/eu-west-1}" stop-replication-to-replica --secret-id spread "${there[@]}" --query ARN
is "write what was a replica" spread put-secret-value --secret-id spread --secret-string alone "${there[@]}" --query Name
is "create with a replica" eu-west-1 create-secret --name wide --secret-string w --add-replica-regions Region=eu-west-1 \
  --query 'ReplicationStatus[0].Region'
until_is "that replica is in sync" InSync describe-secret --secret-id wide --query 'ReplicationStatus[0].Status'
is "remove a region" "[]" remove-regions-from-replication --secret-id wide --remove-replica-regions eu-west-1 \
  --query 'to_string(ReplicationStatus)'
refused "stop replication of a secret that does not exist" ResourceNotFoundException stop-replication-to-replica --secret-id nobody \
  "${there[@]}"
echo end
