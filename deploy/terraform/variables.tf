# The same names as in the bot's configuration.

variable "region" {
  type        = string
  description = "Region of the databases, and of everything else: RDS exports only to a bucket in its own Region."
}

variable "name" {
  type        = string
  description = "Name of the queue, the topic and the roles."
  default     = "datalake-bot"
}

variable "export_bucket" {
  type        = string
  description = "Bucket to which RDS exports; it exists."
}

variable "export_prefix" {
  type        = string
  description = "Prefix below which RDS exports."
  default     = "raw"
}

variable "sns_endpoint" {
  type        = string
  description = "Address of the bot's door for SNS, https://…/sns, if events shall come there too; null: through the queue alone."
  default     = null
}

variable "latest_bucket" {
  type        = string
  description = "Bucket where the newest data is published; it exists."
}

variable "latest_prefix" {
  type        = string
  description = "What the prefixes of all sources begin with."
  default     = "latest"
}

variable "export_kms_key_arn" {
  type        = string
  description = "Symmetric customer managed key of the exports; RDS takes no AWS managed key."
}

variable "latest_kms_key_arn" {
  type        = string
  description = "Key of the bucket where the newest data is published; null: the key of the exports."
  default     = null
}

variable "glue_databases" {
  type        = string
  description = "Pattern of the names of the databases of the layers: the bot reads their tables, and keeps those of sources that are pointers."
  default     = "shop_*"
}

variable "glue_names" {
  type        = string
  description = "Pattern of the names of the jobs and crawlers that the bot may start."
  default     = "shop-*"
}

variable "glue_jobs" {
  description = "Jobs of ../glue, by the names in the bot's configuration (`glue_job`), each with where its layer is written (`output`)."
  default     = {}
  type = map(object({
    output_bucket = string
    output_prefix = string
    # Null: the key of the bucket where the newest data is published.
    output_kms_key_arn = optional(string)
    # As `publish` of the source says: the job of a pointer reads the export itself.
    publish = optional(string, "copy")
    # Only for the Normal layer: secret with the key of the hashes, if the classification has any `hash`.
    hash_key_secret_arn = optional(string)
    worker_type         = optional(string, "G.1X")
    workers             = optional(number, 4)
    timeout_minutes     = optional(number, 480)
  }))
}

variable "lifecycle_rules" {
  type        = bool
  description = "Whether both buckets get the lifecycle rules of lifecycle.tf. They replace all rules that a bucket has."
  default     = false
}

variable "export_expiration_days" {
  type        = number
  description = "After so many days an export expires that the bot has not removed; far more than any `grace`, and, where layers read exports without a copy, more than a published export may ever become old."
  default     = 90

  validation {
    condition     = var.export_expiration_days >= 30
    error_message = "An export may still be what is published, or what is rolled back to: at least 30 days."
  }
}
