# What the provider would answer, for all tests here.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_region" {
  defaults = { id = "ap-northeast-1" }
}

mock_data "aws_cognito_user_pool" {
  defaults = { lambda_config = [], tags = {} }
}

mock_data "aws_vpc_endpoint" {
  defaults = {
    service_name        = "com.amazonaws.ap-northeast-1.dynamodb"
    state               = "available"
    vpc_endpoint_type   = "Gateway"
    private_dns_enabled = false
    dns_entry           = []
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
}

mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/mock" }
}

mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/mock" }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:mock" }
}

mock_resource "aws_lambda_invocation" {
  defaults = { result = "{\"user_pool_id\":\"ap-northeast-1_AbCdEf123\",\"trigger_arn\":\"t\",\"hash\":\"h\",\"stack\":null}" }
}
