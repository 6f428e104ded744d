/** Pages, charts and text of reports: what the examples share. */
@NullMarked
package org.lora4j.example.support.report;

import org.jspecify.annotations.NullMarked;
