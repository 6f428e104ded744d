/** The commands of the program and their options. */
@NullMarked
package org.lora4j.example.text.cli;

import org.jspecify.annotations.NullMarked;
