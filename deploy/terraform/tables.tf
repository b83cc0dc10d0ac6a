# The bot's records, as `datalake-bot tables` prints them. A test keeps ../tables.json the same as the program's answer.

locals {
  tables = { for it in jsondecode(file("${path.module}/../tables.json")) : it.KeySchema[0].AttributeName => it }
}

resource "aws_dynamodb_table" "bot" {
  for_each = local.tables

  name                        = each.value.TableName
  billing_mode                = each.value.BillingMode
  hash_key                    = each.key
  deletion_protection_enabled = true

  dynamic "attribute" {
    for_each = each.value.AttributeDefinitions
    content {
      name = attribute.value.AttributeName
      type = attribute.value.AttributeType
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.GlobalSecondaryIndexes
    content {
      name               = global_secondary_index.value.IndexName
      hash_key           = global_secondary_index.value.KeySchema[0].AttributeName
      range_key          = global_secondary_index.value.KeySchema[1].AttributeName
      projection_type    = global_secondary_index.value.Projection.ProjectionType
      non_key_attributes = lookup(global_secondary_index.value.Projection, "NonKeyAttributes", null)
    }
  }

  # Only the state table has items that end by themselves. CreateTable cannot say this, so it is not in the JSON.
  dynamic "ttl" {
    for_each = each.key == "pk" ? ["expires_at"] : []
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }
}
