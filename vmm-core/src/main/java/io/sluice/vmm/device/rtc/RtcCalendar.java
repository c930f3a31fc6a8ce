package io.sluice.vmm.device.rtc;

import java.time.LocalDate;

/// Between seconds since 1970 and the clock's registers, in the format that register B asks for.
final class RtcCalendar {
    /// An alarm field with both upper bits set matches anything.
    private static final int ANY = 0xC0;

    private static final int BINARY = 0x04;
    private static final int HOURS_24 = 0x02;
    private static final int PM = 0x80;
    private static final int DAY_SECONDS = 86_400;
    private static final int ALARM_STEPS = 200;
    private static final RtcReg[] FIELDS = {
        RtcReg.SECONDS,
        RtcReg.MINUTES,
        RtcReg.HOURS,
        RtcReg.WEEKDAY,
        RtcReg.DAY,
        RtcReg.MONTH,
        RtcReg.YEAR,
        RtcReg.CENTURY
    };

    private RtcCalendar() {}

    static void store(long epochSecond, byte[] memory, int format) {
        for (var field : FIELDS) {
            memory[field.index()] = (byte) field(field, epochSecond, format);
        }
    }

    /// One time field as the guest reads it.
    static int field(RtcReg field, long epochSecond, int format) {
        int ofDay = (int) Math.floorMod(epochSecond, (long) DAY_SECONDS);
        long day = Math.floorDiv(epochSecond, (long) DAY_SECONDS);
        return switch (field) {
            case SECONDS -> encode(ofDay % 60, format);
            case MINUTES -> encode(ofDay / 60 % 60, format);
            case HOURS -> encodeHours(ofDay / 3600, format);
            // 1970-01-01 was a Thursday; Sunday is 1.
            case WEEKDAY -> encode((int) Math.floorMod(day + 4, 7L) + 1, format);
            case DAY -> encode(LocalDate.ofEpochDay(day).getDayOfMonth(), format);
            case MONTH -> encode(LocalDate.ofEpochDay(day).getMonthValue(), format);
            case YEAR -> encode(LocalDate.ofEpochDay(day).getYear() % 100, format);
            case CENTURY -> encode(LocalDate.ofEpochDay(day).getYear() / 100 % 100, format);
            case SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM, A, B, C, D ->
                throw new IllegalStateException("not a field of the time: " + field);
        };
    }

    /// What the registers say. Nonsense from the guest is carried over into the next larger field.
    static long epochSecond(byte[] memory, int format) {
        int year = value(RtcReg.CENTURY, memory, format) * 100 + value(RtcReg.YEAR, memory, format);
        long day = LocalDate.of(year, 1, 1)
                .plusMonths(value(RtcReg.MONTH, memory, format) - 1L)
                .plusDays(value(RtcReg.DAY, memory, format) - 1L)
                .toEpochDay();
        return day * DAY_SECONDS
                + decodeHours(memory[RtcReg.HOURS.index()] & 0xFF, format) * 3600L
                + value(RtcReg.MINUTES, memory, format) * 60L
                + value(RtcReg.SECONDS, memory, format);
    }

    /// The first second after `after` that the alarm registers match, or `Long.MAX_VALUE`.
    static long nextAlarm(long after, byte[] memory, int format) {
        int hour = alarm(RtcReg.HOURS_ALARM, memory, format);
        int minute = alarm(RtcReg.MINUTES_ALARM, memory, format);
        int second = alarm(RtcReg.SECONDS_ALARM, memory, format);
        long at = after + 1;
        for (int i = 0; i < ALARM_STEPS; i++) {
            int ofDay = (int) Math.floorMod(at, (long) DAY_SECONDS);
            if (hour >= 0 && ofDay / 3600 != hour) {
                at += 3600 - ofDay % 3600;
            } else if (minute >= 0 && ofDay / 60 % 60 != minute) {
                at += 60 - ofDay % 60;
            } else if (second >= 0 && ofDay % 60 != second) {
                at++;
            } else {
                return at;
            }
        }
        return Long.MAX_VALUE;
    }

    private static int alarm(RtcReg field, byte[] memory, int format) {
        int raw = memory[field.index()] & 0xFF;
        if ((raw & ANY) == ANY) {
            return -1;
        }
        return field == RtcReg.HOURS_ALARM ? decodeHours(raw, format) : decode(raw, format);
    }

    private static int value(RtcReg field, byte[] memory, int format) {
        return decode(memory[field.index()] & 0xFF, format);
    }

    private static int encode(int value, int format) {
        return (format & BINARY) != 0 ? value : value / 10 << 4 | value % 10;
    }

    private static int decode(int raw, int format) {
        return (format & BINARY) != 0 ? raw : (raw >> 4) * 10 + (raw & 0xF);
    }

    private static int encodeHours(int hour, int format) {
        if ((format & HOURS_24) != 0) {
            return encode(hour, format);
        }
        int shown = hour % 12 == 0 ? 12 : hour % 12;
        return encode(shown, format) | (hour >= 12 ? PM : 0);
    }

    private static int decodeHours(int raw, int format) {
        if ((format & HOURS_24) != 0) {
            return decode(raw, format);
        }
        return decode(raw & ~PM, format) % 12 + ((raw & PM) != 0 ? 12 : 0);
    }
}
