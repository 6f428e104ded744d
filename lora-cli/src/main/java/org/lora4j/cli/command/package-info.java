/** The commands and their options. The work is in the other packages. */
@NullMarked
package org.lora4j.cli.command;

import org.jspecify.annotations.NullMarked;
