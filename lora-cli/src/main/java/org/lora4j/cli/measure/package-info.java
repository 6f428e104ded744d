/** What all reports have: the part of the data that judges, comparisons with an interval, and what they show. */
@NullMarked
package org.lora4j.cli.measure;

import org.jspecify.annotations.NullMarked;
