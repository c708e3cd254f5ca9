// The script that every page loads: it starts what all pages have.

import * as colours from "./colours.js";
import * as menus from "./menus.js";
import * as printing from "./printing.js";
import * as rail from "./rail.js";
import * as shortcuts from "./shortcuts.js";
import * as status from "./status.js";
import * as times from "./times.js";

times.start();
colours.start();
menus.start();
printing.start();
status.start();
rail.start();
shortcuts.start();
