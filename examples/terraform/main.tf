# The secret of one application's database user, rotated by a deployed function of template.yaml.
#
# 1. Deploy the functions (template.yaml). The variable rotation_stack is the name of their stack.
# 2. Store the user's password in the secret yourself, so that no state of Terraform holds it:
#      aws secretsmanager put-secret-value --secret-id prod/shop/db --secret-string file://shop.json
#    The file has the fields of docs/configuration.md, "Fields of a secret". Delete it afterwards.
# 3. Set rotates to true and apply again. testSecret runs at once; the first rotation comes by the schedule.
#
# There is no aws_secretsmanager_secret_version here, because each rotation makes a version that Terraform would take for a
# change. There is no aws_lambda_permission, because template.yaml lets Secrets Manager call its functions for every secret of
# the account. A function that you deploy by other means needs one:
#
#   resource "aws_lambda_permission" "rotation" {
#     statement_id   = "SecretsManager"
#     action         = "lambda:InvokeFunction"
#     function_name  = aws_lambda_function.rotation.function_name
#     principal      = "secretsmanager.amazonaws.com"
#     source_account = data.aws_caller_identity.current.account_id
#   }

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.48" # rotate_immediately
    }
  }
}

variable "rotation_stack" {
  type        = string
  default     = "rotation"
  description = "The name of the functions' stack, in this region."
}

variable "function" {
  type        = string
  default     = "PostgresSingleUser"
  description = "The function, as the stack's outputs name it."
}

variable "rotates" {
  type        = bool
  default     = false
  description = "Whether the secret is rotated: true once it has its first value."
}

data "aws_cloudformation_export" "function" {
  name = "${var.rotation_stack}-${var.function}Arn"
}

variable "kms_key_arn" {
  type        = string
  description = "A customer-managed key. Its policy, or SecretsKmsKeyArns of the functions' stack, has to let the function use it."
}

resource "aws_secretsmanager_secret" "app" {
  name                    = "prod/shop/db"
  description             = "The user shop of the database shop"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_rotation" "app" {
  count               = var.rotates ? 1 : 0
  secret_id           = aws_secretsmanager_secret.app.id
  rotation_lambda_arn = data.aws_cloudformation_export.function.value
  rotate_immediately  = false

  rotation_rules {
    schedule_expression = "cron(0 3 ? * SUN *)"
    duration            = "3h"
  }
}
