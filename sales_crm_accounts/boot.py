"""What the desk knows from the start: for which DocTypes forms ask about approvals. Forms of all others ask nothing."""

from sales_crm_accounts.services.approvals import chains


def extend_bootinfo(bootinfo):
	bootinfo.sca_approvals = {"doctypes": chains.shown()}
