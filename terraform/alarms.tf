# A recorder that fails loses activity, and one that Lambda cannot run at all makes sign-ins fail: somebody should know.

resource "aws_cloudwatch_metric_alarm" "recorder" {
  for_each = {
    Errors    = "The recorder ended with an error or ran out of time: Cognito refused the sign-ins that waited for it."
    Throttles = "Lambda throttled the recorder: Cognito refused the sign-ins that waited for it."
  }

  alarm_name          = "${local.names.activity}-${lower(each.key)}"
  alarm_description   = each.value
  namespace           = "AWS/Lambda"
  metric_name         = each.key
  dimensions          = { FunctionName = module.recorder.names["activity"] }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  tags                = var.tags
}
