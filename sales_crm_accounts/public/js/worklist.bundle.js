import "./worklist/common";
import "./worklist/actions";
import "./worklist/worklist";
import "./worklist/customer";
