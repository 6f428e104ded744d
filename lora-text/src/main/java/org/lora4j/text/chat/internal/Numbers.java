package org.lora4j.text.chat.internal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Python's numbers: whole numbers of any size (Long, and BigInteger beyond), Double, and booleans, which are 0 and 1. */
final class Numbers {
    /** The bits of 4,300 digits; Python writes no more. */
    private static final int MOST_BITS = 14_284;

    static final int UNORDERED = Integer.MIN_VALUE;

    private Numbers() {}

    static boolean isNumber(@Nullable Object value) {
        return value instanceof Double || isWhole(value);
    }

    static boolean isWhole(@Nullable Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    /** The whole number as a value. */
    static Object of(BigInteger number) {
        if (number.bitLength() < Long.SIZE) {
            return number.longValue();
        }
        if (number.bitLength() > MOST_BITS) {
            throw tooLarge();
        }
        return number;
    }

    private static JinjaException tooLarge() {
        return new JinjaException("a whole number must have at most 4300 digits, found more");
    }

    static BigInteger whole(@Nullable Object value) {
        if (value instanceof Boolean flag) {
            return flag ? BigInteger.ONE : BigInteger.ZERO;
        }
        if (value instanceof Long number) {
            return BigInteger.valueOf(number);
        }
        if (value instanceof BigInteger number) {
            return number;
        }
        throw Values.wrong("a whole number", value);
    }

    static double real(@Nullable Object value) {
        if (value instanceof Double number) {
            return number;
        }
        double number = whole(value).doubleValue();
        if (Double.isInfinite(number)) {
            throw new JinjaException("a whole number is too large to compute with numbers that are not whole");
        }
        return number;
    }

    /** A whole number that counts or numbers something; one that is too large is as good as the largest. */
    static int index(@Nullable Object value) {
        BigInteger number = whole(value);
        return number.bitLength() < Integer.SIZE
                ? number.intValue()
                : number.signum() < 0 ? -Integer.MAX_VALUE : Integer.MAX_VALUE;
    }

    static Object arithmetic(String operator, @Nullable Object a, @Nullable Object b, Budget budget) {
        if (isWhole(a) && isWhole(b)) {
            BigInteger x = whole(a);
            BigInteger y = whole(b);
            budget.steps((1L + x.bitLength() / 32) * (1L + y.bitLength() / 32));
            return operator.equals("/")
                    ? (Object) quotient(x, y)
                    : operator.equals("**") ? power(x, y, budget) : of(ofWhole(operator, x, y));
        }
        return ofReal(operator, real(a), real(b));
    }

    private static BigInteger ofWhole(String operator, BigInteger x, BigInteger y) {
        return switch (operator) {
            case "+" -> x.add(y);
            case "-" -> x.subtract(y);
            case "*" -> x.multiply(y);
            case "//" -> floor(x, requireNotZero(y))[0];
            default -> floor(x, requireNotZero(y))[1];
        };
    }

    /** The quotient that is rounded down, and its remainder, which has the sign of the divisor. */
    private static BigInteger[] floor(BigInteger x, BigInteger y) {
        BigInteger[] both = x.divideAndRemainder(y);
        if (both[1].signum() != 0 && both[1].signum() != y.signum()) {
            both[0] = both[0].subtract(BigInteger.ONE);
            both[1] = both[1].add(y);
        }
        return both;
    }

    private static BigInteger requireNotZero(BigInteger y) {
        if (y.signum() == 0) {
            throw divisionByZero();
        }
        return y;
    }

    private static JinjaException divisionByZero() {
        return new JinjaException("a number must not be divided by 0");
    }

    private static Double quotient(BigInteger x, BigInteger y) {
        double result = new BigDecimal(x)
                .divide(new BigDecimal(requireNotZero(y)), new MathContext(60, RoundingMode.HALF_EVEN))
                .doubleValue();
        if (Double.isInfinite(result)) {
            throw new JinjaException("the result of a division is too large");
        }
        return x.signum() == 0 ? y.signum() * 0.0 : result;
    }

    private static Object power(BigInteger x, BigInteger y, Budget budget) {
        if (y.signum() < 0) {
            return ofReal("**", real(of(x)), real(of(y)));
        }
        if (x.abs().compareTo(BigInteger.ONE) <= 0) {
            boolean odd = y.testBit(0);
            return of(y.signum() == 0 ? BigInteger.ONE : odd ? x : x.multiply(x));
        }
        if (y.bitLength() > 20 || (x.abs().bitLength() - 1L) * y.intValue() > MOST_BITS) {
            throw tooLarge();
        }
        BigInteger result = x.pow(y.intValue());
        budget.steps((long) result.bitLength() * result.bitLength() / 1024);
        return of(result);
    }

    private static Double ofReal(String operator, double x, double y) {
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / requireNotZero(y);
            case "//" -> floorQuotient(x, requireNotZero(y));
            case "%" -> remainder(x, requireNotZero(y));
            default -> power(x, y);
        };
    }

    private static double requireNotZero(double y) {
        if (y == 0) {
            throw divisionByZero();
        }
        return y;
    }

    /** As Python computes it, in {@code float_divmod}. */
    private static double floorQuotient(double x, double y) {
        double remainder = x % y;
        double quotient = (x - remainder) / y;
        if (remainder != 0 && y < 0 != remainder < 0) {
            quotient--;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double remainder(double x, double y) {
        double remainder = x % y;
        if (remainder == 0) {
            return Math.copySign(0.0, y);
        }
        return y < 0 != remainder < 0 ? remainder + y : remainder;
    }

    private static double power(double x, double y) {
        if (x == 0 && y < 0) {
            throw divisionByZero();
        }
        if (x == 1 || y == 0) {
            return 1;
        }
        if (x == -1 && Double.isInfinite(y)) {
            return 1;
        }
        double result = Math.pow(x, y);
        if (Double.isNaN(result) && !Double.isNaN(x) && !Double.isNaN(y)) {
            throw new JinjaException("a template has no complex numbers, found a root of a negative number");
        }
        if (Double.isInfinite(result) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw new JinjaException("the result of ** is too large");
        }
        return result;
    }

    static Object negative(@Nullable Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : of(whole(value).negate());
    }

    static Object absolute(@Nullable Object value) {
        return value instanceof Double number
                ? (Object) Math.abs(number)
                : of(whole(value).abs());
    }

    /** Compares exactly; a number that is none has no order. */
    static int compare(@Nullable Object a, @Nullable Object b) {
        if (isWhole(a) && isWhole(b)) {
            return whole(a).compareTo(whole(b));
        }
        double x = a instanceof Double number ? number : 0;
        double y = b instanceof Double number ? number : 0;
        if (Double.isNaN(x) || Double.isNaN(y)) {
            return UNORDERED;
        }
        if (Double.isInfinite(x) || Double.isInfinite(y)) {
            return Integer.signum((x > y ? 1 : 0) - (x < y ? 1 : 0));
        }
        return decimal(a).compareTo(decimal(b));
    }

    private static BigDecimal decimal(@Nullable Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(whole(value));
    }

    /** Rounds half to even, as Python's {@code round}. */
    static Object round(@Nullable Object value, int precision) {
        if (value instanceof Double number) {
            return Double.isNaN(number) || Double.isInfinite(number) || precision > 400
                    ? number
                    : (Object) Math.copySign(
                            new BigDecimal(number)
                                    .setScale(Math.max(precision, -400), RoundingMode.HALF_EVEN)
                                    .doubleValue(),
                            number);
        }
        BigInteger whole = whole(value);
        return precision >= 0
                ? of(whole)
                : of(new BigDecimal(whole)
                        .setScale(Math.max(precision, -5000), RoundingMode.HALF_EVEN)
                        .toBigInteger());
    }

    /** Cuts what follows the point. */
    static Object truncated(double number) {
        return of(new BigDecimal(number).toBigInteger());
    }

    /** As Python writes it: with the fewest digits that give the number again. */
    static String text(double number) {
        if (Double.isNaN(number)) {
            return "nan";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        String sign = number < 0 || 1 / number < 0 ? "-" : "";
        if (number == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(number)).stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        int point = digits.length() - shortest.scale();
        if (point > 16 || point < -3) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            int exponent = point - 1;
            return sign
                    + digits.charAt(0)
                    + fraction
                    + (exponent < 0 ? "e-" : "e+")
                    + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = shortest.toPlainString();
        return sign + (plain.contains(".") ? plain : plain + ".0");
    }

    private static BigDecimal shortest(double number) {
        BigDecimal exact = new BigDecimal(number);
        for (int digits = 1; digits < 17; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == number) {
                return rounded;
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }
}
