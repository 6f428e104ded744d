/** The report of a run: its numbers as records and JSON, its charts, and the page that tells them. */
@NullMarked
package org.lora4j.example.mnist.report;

import org.jspecify.annotations.NullMarked;
