/** What is in the folder of a model or an adapter. */
@NullMarked
package org.lora4j.cli.inspect;

import org.jspecify.annotations.NullMarked;
