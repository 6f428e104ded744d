/** The command line: commands, options, progress and errors. */
@NullMarked
package org.lora4j.example.mnist.cli;

import org.jspecify.annotations.NullMarked;
