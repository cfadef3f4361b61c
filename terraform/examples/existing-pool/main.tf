# usermgr beside a user pool that is there already: the trigger is attached by a function, and destroy detaches it.

module "usermgr" {
  source = "../.."

  user_pool_id              = var.user_pool_id
  functions_directory       = var.functions_directory
  table_deletion_protection = true
}
