/** Models and adapters in folders, opened for one task. */
@NullMarked
package org.lora4j.cli.model;

import org.jspecify.annotations.NullMarked;
