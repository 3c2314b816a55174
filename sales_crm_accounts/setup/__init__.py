"""What the app adds to a site and how it takes it away again."""

MODULE = "Sales CRM Accounts"
APP = "sales_crm_accounts"
SETTINGS = "Sales CRM Accounts Settings"
