/** What a run reports: text on the console, pages with charts and tables, and JSON. */
@NullMarked
package org.lora4j.console.report;

import org.jspecify.annotations.NullMarked;
