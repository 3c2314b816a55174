import "./deal/status";
import "./deal/cash_panel";
import "./deal/preview_dialog";
import "./deal/stage_bar";
import "./deal/actions";
