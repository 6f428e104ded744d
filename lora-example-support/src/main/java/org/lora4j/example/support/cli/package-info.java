/** Commands, their options and errors, and progress: what the examples share. */
@NullMarked
package org.lora4j.example.support.cli;

import org.jspecify.annotations.NullMarked;
