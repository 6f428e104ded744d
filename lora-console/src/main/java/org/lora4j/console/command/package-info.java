/** Commands of programs with a terminal: their options, errors, progress and run folders. */
@NullMarked
package org.lora4j.console.command;

import org.jspecify.annotations.NullMarked;
