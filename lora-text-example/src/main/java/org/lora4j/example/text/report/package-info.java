/** The results of a run: as records and JSON, as a page with charts, and as text on the console. */
@NullMarked
package org.lora4j.example.text.report;

import org.jspecify.annotations.NullMarked;
