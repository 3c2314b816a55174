import "./collections/common";
import "./collections/actions";
import "./collections/worklist";
import "./collections/customer";
