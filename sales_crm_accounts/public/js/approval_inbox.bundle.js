import "./approvals/inbox";
import "./approvals/inbox_detail";
