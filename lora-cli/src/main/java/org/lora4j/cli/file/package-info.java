/** Files of rows that are written. */
@NullMarked
package org.lora4j.cli.file;

import org.jspecify.annotations.NullMarked;
