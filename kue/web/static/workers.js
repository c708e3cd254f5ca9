// The page of workers: shows them anew every two seconds, in place.

import { keepFresh } from "./refresh.js";

keepFresh("workers", 2000);
