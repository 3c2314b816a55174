def deal_query(user=None, doctype=None):
	return ""


deal_installment_query = deal_change_query = open_installment_query = deal_query


def has_deal_permission(doc, ptype=None, user=None, debug=False):
	return True


has_deal_child_permission = has_deal_permission
