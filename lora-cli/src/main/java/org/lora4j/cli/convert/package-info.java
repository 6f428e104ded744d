/** Adapters merged into models, combined, and converted. */
@NullMarked
package org.lora4j.cli.convert;

import org.jspecify.annotations.NullMarked;
