"""PACE: the worked examples of Doc 9303-11 Appendices G, H and I byte for byte, then a hostile chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gate_agent.emrtd.chip.apdu import CommandApdu
from gate_agent.emrtd.chip.ciphers import AesSuite
from gate_agent.emrtd.chip.domain_parameters import STANDARDISED
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.key_derivation import Cipher, KeyPair, KeyUse, derive_key, password_secret
from gate_agent.emrtd.chip.nonce_mapping import pseudo_random_element
from gate_agent.emrtd.chip.pace import PaceResult, chip_is_genuine, choose, pace
from gate_agent.emrtd.chip.password import Password, PasswordError, PasswordKind
from gate_agent.emrtd.chip.protocol import Random
from gate_agent.emrtd.chip.secure_messaging import SecureChannel
from gate_agent.emrtd.coding.errors import ChipError
from gate_agent.emrtd.lds.mrz import MrzKey
from gate_agent.emrtd.lds.security_infos import SecurityInfos, parse_security_infos

H = bytes.fromhex
KEY = MrzKey("T22000129", "640812", "101031")


@dataclass(frozen=True)
class Example:
    """One worked example: the terminal's random numbers in order, and what goes over the air."""

    name: str
    oid: str
    parameter: int
    random: tuple[bytes | int, ...]
    exchanges: tuple[tuple[str, str], ...]
    session: KeyPair
    key: MrzKey = KEY
    nonce_key: str = ""


G1 = Example(
    "G.1 ECDH-GM",
    "04007F00070202040202",
    13,
    (
        0x7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99,
        0xA73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595,
    ),
    (
        ("0022C1A412800A04007F0007020204020283010184010D", "9000"),
        ("10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
        (
            "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
            "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
            "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
            "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C549000",
        ),
        (
            "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
            "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
            "7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
            "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F0949000",
        ),
        ("008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C089000"),
    ),
    KeyPair(H("F5F0E35C0D7161EE6724EE513A0D9A7F"), H("FE251C7858B356B24514B3BD5F4297D1")),
)

G2 = Example(
    "G.2 DH-GM",
    "04007F00070202040102",
    0,
    (0x5265030F751F4AD18B08AC565FC7AC952E41618D, 0x89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA),
    (
        ("0022C1A412800A04007F00070202040102830101840100", "9000"),
        ("10860000027C0000", "7C128010854D8DF5827FA6852D1A4FA701CDDDCA9000"),
        (
            "10860000867C818381818023FB3749EA030D2A25B278D2A562047ADE3F01B74F17A15402CB7352CA7D2B3E"
            "B71C343DB13D1DEBCE9A3666DBCFC920B49174A602CB47965CAA73DC702489A44D41DB914DE9613DC5E98C94"
            "160551C0DF86274B9359BC0490D01B03AD54022DCB4F57FAD6322497D7A1E28D46710F461AFE710FBBBC5F8B"
            "A166F4311975EC6C00",
            "7C818382818078879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B263"
            "81E4DA19E004706FACE7B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655A"
            "F30889DBB845D9E6783FE42C9F2449400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B4412"
            "6EE69000",
        ),
        (
            "10860000867C8183838180907D89E2D425A178AA81AF4A7774EC8E388C115CAE67031E85EECE520BD911551B"
            "9AE4D04369F29A02626C86FBC6747CC7BC352645B6161A2A42D44EDA80A08FA8D61B76D3A154AD8A5A51786B"
            "0BC07147057871A922212C5F67F43173172236B7747D1671E6D692A3C7D40A0C3C5CE397545D015C175EB513"
            "0551EDBC2EE5D400",
            "7C8183848180075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F538"
            "20C42ADC79AB5D0AEEC3AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC"
            "41899238A250767A6D46DB974064386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29"
            "AEA19000",
        ),
        ("008600000C7C0A8508B46DD9BD4D98381F00", "7C0A8608917F37B5C0E6D8D19000"),
    ),
    KeyPair(H("2F7F46ADCC9E7E521B45D192FAFA9126"), H("805A1D27D45A5116F73C54469462B7D8")),
)

H1 = Example(
    "H.1 ECDH-IM",
    "04007F00070202040402",
    13,
    (
        H("5DD4CBFC96F5453B130D890A1CDBAE32"),
        0xA73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595,
    ),
    (
        ("0022C1A412800A04007F0007020204040283010184010D", "9000"),
        ("10860000027C0000", "7C128010143DC40C08C8E891FBED7DEDB92B64AD9000"),
        ("10860000147C1281105DD4CBFC96F5453B130D890A1CDBAE3200", "7C0282009000"),
        (
            "10860000457C4383410489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4"
            "6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C3700",
            "7C4384410467F78E5F7F7686082B293E8D087E056916D0F74BC01A5F8957D0DE45691E51E8"
            "932B69A962B52A0985AD2C0A271EE6A13A8ADDDCD1A3A994B9DED257F4D227539000",
        ),
        ("008600000C7C0A8508450F02B86F6A090900", "7C0A860875D4D96E8D5B03089000"),
    ),
    KeyPair(H("0D3FEB33251A6370893D62AE8DAAF51B"), H("B01E89E3D9E8719E586B50B4A7506E0B")),
    nonce_key="591468CDA83D65219CCCB8560233600F",
)

H2 = Example(
    "H.2 DH-IM",
    "04007F00070202040302",
    0,
    (
        H("B3A6DB3C870C3E99245E0D1C06B747DE"),
        int(
            "4BD0E54740F9A028E6A515BFDAF967848C4F5F5FFF65AA0915947FFD1A0DF2FA6981271BC905F3551457B7E0"
            "3AC3B8066DE4AA406C1171FB43DD939C4BA16175103BA3DEE16419AA248118F90CC36A3D6F4C373652E0C3CC"
            "E7F0F1D0C5425B3600F0F0D6A67F004C8BBA33F2B4733C7252445C1DFC4F1107203F71D2EFB28161",
            16,
        ),
    ),
    (
        ("0022C1A412800A04007F00070202040302830101840100", "9000"),
        ("10860000027C0000", "7C1280109ABB8864CA0FF1551E620D1EF4E135109000"),
        ("10860000147C128110B3A6DB3C870C3E99245E0D1C06B747DE00", "7C0282009000"),
        (
            "10860000867C81838381800F0CC62945A8029251FB7EF3C094E12EC68E4EF07F27CB9D9CD04C5C4250FAE0E4"
            "F8A951557E929AEB48E5C6DD47F2F5CD7C351A9BD2CD722C07EDE166770F08FFCB370262CF308DD7B07F2E0D"
            "A9CAAA1492344C852906919538C98A4BA4187E76CE9D87832386D319CE2E043C3343AEAE6EDBA1A9894DC509"
            "4D22F7FE1351D500",
            "7C8183848180928D9A0F9DBA450F13FC859C6F290D1D36E42431138A4378500BEB4E0401854CFF111F71CB6D"
            "C1D0335807A11388CC8EAA87B07907AAD9FBA6B169AF6D8C26AF8DDDC39ADC3AD2E3FF882B84D23E9768E95A"
            "80E4746FB07A9767679FE92133B4D379935C771BD7FBED6C7BB4B1708B275EA75679524CDC9C6A91370CC662"
            "A2F39000",
        ),
        ("008600000C7C0A850855D61977CBF5307E00", "7C0A8608C2F04230187E15259000"),
    ),
    KeyPair(H("01AFC10CF87BE36D8179E87370171F07"), H("23F0FBD05FD6C7B8B88F4C8309669061")),
    nonce_key="591468CDA83D65219CCCB8560233600F",
)

I1 = Example(
    "I.1 ECDH-CAM",
    "04007F00070202040602",
    13,
    (
        0x5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC,
        0x76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120,
    ),
    (
        ("0022C1A412800A04007F0007020204060283010184010D", "9000"),
        ("10860000027C0000", "7C128010CB60E8E0D85B76A9BD304747C2AD42E29000"),
        (
            "10860000457C438141047F1D410ADB7DDB3B84BF1030800981A9105D7457B4A3ADE002384F3086C67EDE"
            "1AB889104A27DB6D842B019020FBF3CEACB0DC627F7BDCAC29969E19D0E553C100",
            "7C43824104A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3"
            "04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E239000",
        ),
        (
            "10860000457C43834104446C934084D9DAB863944F219520076C29EE3F7AE6722B11FF319EC1C7728F95"
            "5483400BFF60BF0C5929270009277DC2A515E12575010AD9BA916CF1BF86FEFC00",
            "7C4384410402AD566F3C6EC7F9324509AD50A51FA52030782A4968FCFEDF737DAEA9933331"
            "11C3B9B4C2287789BD137E7F8AA882E2A3C633CCD6ECC2C63C57AD401A09C2E19000",
        ),
        (
            "008600000C7C0A8508E86BD06018A1CD3B00",
            "7C3C86088596CF055C67C1A38A301EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A"
            "54BD10CBA372B42BE0B9B5F28AA8DE2F4F929000",
        ),
    ),
    KeyPair(H("0A9DA4DB03BDDE39FC5202BC44B2E89E"), H("4B1C06491ED5140CA2B537D344C6C0B1")),
    key=MrzKey("C11T002JM", "960812", "231031"),
)
STATIC_KEY_OF_I1 = H(
    "041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8"
    "84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F"
)


class ExampleKey:
    """A password of which only the derived key is known, as in Appendix H."""

    kind = PasswordKind.MRZ

    def __init__(self, key: str) -> None:
        self._key = H(key)

    def key(self, cipher: Cipher) -> bytes:
        return self._key


def infos(example: Example) -> SecurityInfos:
    oid = H(example.oid)
    body = bytes([0x06, len(oid)]) + oid + b"\x02\x01\x02\x02\x01" + bytes([example.parameter])
    return parse_security_infos(bytes([0x31, len(body) + 2, 0x30, len(body)]) + body, "EF.CardAccess")


def random_of(example: Example) -> Random:
    values = iter(example.random)

    def give(count: int) -> bytes:
        value = next(values)
        # A private key is reduced modulo the order less one, plus one (FIPS 186-5 A.2.1).
        return value if isinstance(value, bytes) else (value - 1).to_bytes(max(count, 256), "big")

    return give


def scripted(exchanges: tuple[tuple[str, str], ...], sent: list[bytes]) -> Callable[[bytes, float], bytes]:
    answers = iter(H(answer) for _, answer in exchanges)

    def transmit(command: bytes, timeout_s: float) -> bytes:
        sent.append(command)
        return next(answers)

    return transmit


def ran(example: Example, exchanges: tuple[tuple[str, str], ...] | None = None) -> PaceResult:
    sent: list[bytes] = []
    offer = choose(infos(example))
    assert offer is not None
    password = ExampleKey(example.nonce_key) if example.nonce_key else Password.from_mrz(example.key)
    protocol = pace(*offer, password, random_of(example))  # pyright: ignore[reportArgumentType]
    result = run(protocol, scripted(exchanges or example.exchanges, sent))
    assert sent == [H(command) for command, _ in example.exchanges]
    return result


def test_password_keys_of_appendix_g() -> None:
    assert password_secret(KEY) == H("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD")
    assert Password.from_mrz(KEY).key(Cipher.AES_128) == H("89DED1B26624EC1E634C1989302849DD")


@pytest.mark.parametrize("example", [G1, G2, H1, I1], ids=lambda e: e.name)
def test_worked_examples(example: Example) -> None:
    result = ran(example)
    probe = CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e")
    expected = SecureChannel(AesSuite(example.session), 0).protect(probe)
    assert result.channel.protect(probe) == expected


def test_mapping_and_session_of_appendix_h2() -> None:
    """Its private key is not below the subgroup's order, so that the terminal here would not choose it."""
    domain = STANDARDISED[0]
    nonce, own = H("FA5B7E3E49753A0DB9178B7B9BD898C8"), H2.random[0]
    assert isinstance(own, bytes)
    mapped = domain.mapped_to(pseudo_random_element(Cipher.AES_128, nonce, own, domain.prime))
    private = H2.random[1]
    assert isinstance(private, int)
    assert mapped.public_key(private) == H(H2.exchanges[3][0])[11:-1]
    secret = mapped.agree(private, H(H2.exchanges[3][1])[6:-2])
    assert derive_key(Cipher.AES_128, secret, KeyUse.ENCRYPTION) == H2.session.encryption
    assert derive_key(Cipher.AES_128, secret, KeyUse.MAC) == H2.session.mac


def test_chip_authentication_mapping_of_appendix_i() -> None:
    mapping = ran(I1).chip_mapping
    assert mapping is not None
    assert mapping.authentication_data == H(
        "85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3"
    )
    assert chip_is_genuine(mapping, STATIC_KEY_OF_I1)
    other = STANDARDISED[13].public_key(7)
    assert not chip_is_genuine(mapping, other)
    assert not chip_is_genuine(mapping, STATIC_KEY_OF_I1[:-1] + b"\x00")


# ---------------------------------------------------------------- a chip that is not as it should be


@pytest.mark.parametrize(
    ("step", "answer", "reason"),
    [
        (0, "6A80", "CHIP_ACCESS_UNSUPPORTED"),
        (0, "6983", "CHIP_ACCESS_DENIED"),
        (1, "6985", "CHIP_UNREADABLE"),
        (1, "7C0280009000", "CHIP_UNREADABLE"),
        (1, "7C128110" + "00" * 16 + "9000", "CHIP_UNREADABLE"),
        (1, "7C8010" + "00" * 16 + "9000", "CHIP_UNREADABLE"),
        (2, "7C4382410400" + "00" * 63 + "9000", "CHIP_ACCESS_DENIED"),  # not on the curve
        (2, "7C038201009000", "CHIP_ACCESS_DENIED"),
        (2, "7C009000", "CHIP_UNREADABLE"),
        (3, G1.exchanges[3][1].replace("9E880F", "9E880E"), "CHIP_ACCESS_DENIED"),
        (3, "7C4384" + G1.exchanges[3][0][16:-2] + "9000", "CHIP_ACCESS_DENIED"),  # our own key
        (4, "6300", "CHIP_ACCESS_DENIED"),
        (4, "6A80", "CHIP_ACCESS_DENIED"),
        (4, "63C1", "CHIP_ACCESS_DENIED"),
        (4, "6F00", "CHIP_UNREADABLE"),
        (4, "9000", "CHIP_ACCESS_DENIED"),
        (4, "7C0A86083ABB9674BCE93C099000", "CHIP_ACCESS_DENIED"),
        (4, "7C0A8508C2B0BD78D94BA8669000", "CHIP_ACCESS_DENIED"),  # our own token, reflected
    ],
)
def test_a_chip_that_does_not_prove_the_password(step: int, answer: str, reason: str) -> None:
    script = list(G1.exchanges)
    script[step] = (script[step][0], answer)
    if step == 0:
        script.insert(1, script[0])  # the template is tried once more without the parameters' number
    offer = choose(infos(G1))
    assert offer is not None
    with pytest.raises(ChipError) as caught:
        run(pace(*offer, Password.from_mrz(KEY), random_of(G1)), scripted(tuple(script), []))
    assert caught.value.reason == reason
    assert caught.value.field.startswith("PACE ")


def test_a_chip_that_refuses_the_number_of_the_parameters() -> None:
    script = (("", "6A80"), *G1.exchanges)
    sent: list[bytes] = []
    offer = choose(infos(G1))
    assert offer is not None
    run(pace(*offer, Password.from_mrz(KEY), random_of(G1)), scripted(script, sent))
    assert [command[:4] for command in sent[:2]] == [H("0022C1A4")] * 2
    assert len(sent[1]) == len(sent[0]) - 3


# ---------------------------------------------------------------- what is offered


def test_the_best_offer_is_chosen() -> None:
    # EF.CardAccess of a document with Generic and Chip Authentication Mapping on brainpoolP384r1.
    raw = H("31283012060a04007f000702020402040201020201103012060a04007f00070202040604020102020110")
    offer = choose(parse_security_infos(raw, "EF.CardAccess"))
    assert offer is not None and str(offer[0]) == "PACE-ECDH-CAM-AES-256"
    assert offer[1] == STANDARDISED[16]


@pytest.mark.parametrize(
    "raw",
    [
        "3100",
        "31143012060A04007F00070202040202020102020103",  # reserved parameters
        "31143012060A04007F0007020204020202010102010D",  # version 1
        "3111300F060A04007F00070202040202020102",  # no parameters at all
        "31143012060A04007F00070202040202020102020100",  # a prime field for an elliptic curve protocol
        "31143012060A04007F0007020204040202010202010A",  # integrated mapping where p = 1 mod 4
    ],
)
def test_an_offer_that_cannot_be_taken_is_none(raw: str) -> None:
    assert choose(parse_security_infos(H(raw), "EF.CardAccess")) is None


def test_card_access_numbers_and_pins() -> None:
    assert Password.from_can("123456").kind is PasswordKind.CAN
    assert Password.from_pin("1234").secret == b"1234"
    for make, wrong in ((Password.from_can, "12345"), (Password.from_can, "12345A"), (Password.from_pin, "")):
        with pytest.raises(PasswordError) as caught:
            make(wrong)
        assert wrong == "" or wrong not in str(caught.value)
    assert "123456" not in repr(Password.from_can("123456"))
