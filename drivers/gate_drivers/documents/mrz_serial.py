"""Swipe or page scanners that send the printed machine readable zone on a serial line (pyserial).

The frame, as OCR swipe readers for check-in and border desks send it when they are set to
"MRZ with STX/ETX":

    STX line CR line CR [line CR] ETX [LRC]      a document was read
    STX 'R' ETX [LRC]                            the document was taken away

    STX 0x02 · ETX 0x03 · CR 0x0D (a LF 0x0A behind a CR is ignored)
    line    1-44 characters of A-Z, 0-9 and '<' (Doc 9303-3 §4.3): two of 44 or 36, or three of 30
    LRC     one byte, exclusive-or of everything behind STX up to and including ETX; only when the
            configuration says ``lrc = true`` (it may have any value, also that of STX or ETX)

Bytes between frames are noise: line endings and NULs are skipped, anything else is reported. A
frame that is too long, has a character or shape of its own, or a wrong LRC is reported as
:class:`GarbledReading` naming the byte's offset within the frame; the driver has resynchronised by
then, so that it may simply be read again and the frames behind the garbled one are not lost.
"""
