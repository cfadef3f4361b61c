# One role for one Lambda function, with exactly the policies that are given.

resource "aws_iam_role" "function" {
  name        = var.name
  path        = var.path
  description = var.description
  tags        = var.tags

  permissions_boundary = var.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AssumedByLambda"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "policy" {
  for_each = var.policy_arns

  role       = aws_iam_role.function.name
  policy_arn = each.value
}
