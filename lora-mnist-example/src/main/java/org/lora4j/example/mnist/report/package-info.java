/** The results of a run and its checks: as records and JSON, as a page with charts, and as text on the console. */
@NullMarked
package org.lora4j.example.mnist.report;

import org.jspecify.annotations.NullMarked;
