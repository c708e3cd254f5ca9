// The page of workers: shows them anew every two seconds, in place. If there are very many, less often.

import { elements } from "./page.js";
import { keepFresh } from "./refresh.js";

const MANY = 100;

keepFresh("workers", elements("[data-part=workers] tbody tr").length > MANY ? 10_000 : 2000);
