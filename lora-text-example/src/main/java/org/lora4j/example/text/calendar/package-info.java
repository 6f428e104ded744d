/** The story of a small model that calls functions: what a grammar and an adapter each bring. */
@NullMarked
package org.lora4j.example.text.calendar;

import org.jspecify.annotations.NullMarked;
