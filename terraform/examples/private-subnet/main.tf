# An application in a subnet without a way out (no NAT, no internet gateway): it manages users and gets the JWKS
# through Lambda's interface endpoint, and reads activity through DynamoDB's gateway endpoint. Each endpoint lets
# through only what this deployment needs.

locals {
  network = "10.20.0.0/16"
  subnets = { for index, zone in var.availability_zones : zone => cidrsubnet(local.network, 8, index) }

  invoke_statement = {
    Sid       = "InvokeOurFunctions"
    Effect    = "Allow"
    Principal = "*"
    Action    = ["lambda:InvokeFunction"]
    Resource  = [module.usermgr.function_arns["usermgr"], module.usermgr.function_arns["download_jwks"]]
    Condition = { StringEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id } }
  }

  read_statement = {
    Sid       = "ReadOurTable"
    Effect    = "Allow"
    Principal = "*"
    Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    Resource  = [module.usermgr.table_arn, "${module.usermgr.table_arn}/index/last_seen"]
    Condition = { StringEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id } }
  }
}

data "aws_caller_identity" "current" {}

module "usermgr" {
  source = "../.."

  user_pool_id        = var.user_pool_id
  functions_directory = var.functions_directory
}

resource "aws_vpc" "private" {
  #checkov:skip=CKV2_AWS_11: where flow logs go, and who pays for them, is the network's owner's choice
  cidr_block           = local.network
  enable_dns_support   = true
  enable_dns_hostnames = true # the endpoint answers under Lambda's own name
}

# Nobody gets anything by default.
resource "aws_default_security_group" "nothing" {
  vpc_id = aws_vpc.private.id
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id            = aws_vpc.private.id
  cidr_block        = each.value
  availability_zone = each.key
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.private.id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_security_group" "application" {
  #checkov:skip=CKV2_AWS_5: it is an output, for the application that the reader brings
  name        = "usermgr-application"
  description = "The application: reaches the endpoints, and nothing else"
  vpc_id      = aws_vpc.private.id
}

resource "aws_security_group" "endpoint" {
  name        = "usermgr-lambda-endpoint"
  description = "The interface endpoint of Lambda: HTTPS from the application"
  vpc_id      = aws_vpc.private.id
}

resource "aws_vpc_security_group_egress_rule" "application_to_lambda" {
  security_group_id            = aws_security_group.application.id
  description                  = "HTTPS to the endpoint of Lambda"
  referenced_security_group_id = aws_security_group.endpoint.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "application_to_dynamodb" {
  security_group_id = aws_security_group.application.id
  description       = "HTTPS to DynamoDB, through its gateway endpoint"
  prefix_list_id    = aws_vpc_endpoint.dynamodb.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "lambda_from_application" {
  security_group_id            = aws_security_group.endpoint.id
  description                  = "HTTPS from the application"
  referenced_security_group_id = aws_security_group.application.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_endpoint" "lambda" {
  vpc_id              = aws_vpc.private.id
  service_name        = "com.amazonaws.${var.region}.lambda"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoint.id]
  private_dns_enabled = true

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.invoke_statement]
  })
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.private.id
  service_name      = "com.amazonaws.${var.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.read_statement]
  })
}
