// The page's words, in the language that the reader chose.

import { english } from "./texts_en.mjs";
import { korean } from "./texts_ko.mjs";

export const TEXTS = { en: english, ko: korean };
