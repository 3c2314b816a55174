// The button in Frappe CRM's own pages, which load no scripts of the desk: setup/crm.py makes a CRM Form Script of this file.
// `setupForm` is what every version of Frappe CRM calls; later ones hand over `toast`, earlier ones `createToast`.

// eslint-disable-next-line no-unused-vars
async function setupForm({ doc, call, toast, createToast }) {
	const tell = (error) => {
		const text = (error.messages?.[0] || error.message || String(error)).replace(
			/<[^>]*>/g,
			""
		);
		if (toast?.error) toast.error(text);
		else createToast?.({ title: text, icon: "x", iconClasses: "text-red-600" });
	};
	const open = ({ url }) => window.open(url, "_blank");

	let found;
	try {
		found = await call("sales_crm_accounts.api.sources.deal_of_crm_deal", { name: doc.name });
	} catch (error) {
		// Without the right to read deals there is nothing to offer, and nothing to say.
		return { actions: [] };
	}
	const make = async () => {
		try {
			open(
				await call("sales_crm_accounts.api.sources.insert_deal_of_crm_deal", {
					name: doc.name,
				})
			);
		} catch (error) {
			tell(error);
		}
	};
	if (found.url) return { actions: [{ label: __("Open Deal"), onClick: () => open(found) }] };
	if (found.may_create) return { actions: [{ label: __("Create Deal"), onClick: make }] };
	return { actions: [] };
}
