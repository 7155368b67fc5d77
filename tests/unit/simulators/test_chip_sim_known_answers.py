"""The card side of BAC and 3DES secure messaging against the worked example of Doc 9303-11 Appendix D."""

from __future__ import annotations

from gate_simulators.chip import Chip, tdes

MRZ_INFORMATION = "L898902C<369080619406236"
EF_COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")

RND_IC = bytes.fromhex("4608F91988702212")
K_IC = bytes.fromhex("0B4F80323EB3191CB04970CB4052790B")

# (command, response) of D.3 and D.4, with the lengths and status words that the example leaves out.
EXCHANGE = (
    ("00A4040C07A0000002471001", "9000"),
    ("0084000008", "4608F919887022129000"),
    (
        "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
    ),
    ("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000"),
    ("0CB000000D9701048E08ED6705417E96BA5500", "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000"),
    (
        "0CB000040D9701128E082EA28A70F3C7B53500",
        "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
    ),
)


def test_appendix_d2_derives_the_basic_access_keys() -> None:
    seed = bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")
    assert tdes.derive_key(seed, tdes.ENCRYPTION).hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert (
        tdes.derive_key(seed, tdes.MESSAGE_AUTHENTICATION).hex().upper() == "7962D9ECE03D1ACD4C76089DCE131543"
    )


def test_appendix_d3_and_d4_byte_for_byte() -> None:
    drawn = iter((RND_IC, K_IC))
    chip = Chip({"EF.COM": EF_COM}, MRZ_INFORMATION, random=lambda _: next(drawn))
    for number, (command, response) in enumerate(EXCHANGE):
        assert chip.process(bytes.fromhex(command)).hex().upper() == response, f"step {number}"
