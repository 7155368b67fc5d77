"""Sound chips, plain and odd: what real passports do, within Doc 9303 or beside it. A gate accepts them."""

from __future__ import annotations

from dataclasses import replace

from gate_simulators.chip import interference
from gate_simulators.chip.apdu import SW
from gate_simulators.chip.link import BIT_RATES, LinkParameters
from gate_simulators.chip.profile import ORDINARY, PROFILES, ChipProfile, OverlongRead
from gate_simulators.chip.protocols import Cipher, NonceMapping
from gate_simulators.issuer import alterations
from gate_simulators.issuer.algorithms import SCHEMES, RsaScheme
from gate_simulators.issuer.authority import TRUSTED
from gate_simulators.issuer.chip_security import (
    ACTIVE_KEYS,
    BAC_ONLY,
    PACE_AND_CA,
    ChipSecurity,
    KeyChoice,
    pace_offer,
)
from gate_simulators.issuer.portrait import Coding
from gate_simulators.issuer.sod import LEGACY_LDS_SECURITY_OBJECT, SodForm
from gate_simulators.issuer.specimens import Expected, Issue, Specimen

PACE, CAM = Expected("PACE"), Expected("PACE-CAM")

_GENERIC, _INTEGRATED, _CAM = NonceMapping


def _manners(name: str, about: str, **quirks: object) -> ChipProfile:
    return replace(ORDINARY, name=name, about=about, **quirks)  # pyright: ignore[reportArgumentType]


def _pace(name: str, parameter_id: int, mapping: NonceMapping, cipher: Cipher) -> Specimen:
    offer = pace_offer(parameter_id, mapping, cipher)
    about = f"{offer.protocol.name} over domain parameters {parameter_id}"
    expected = CAM if mapping is _CAM else PACE
    return Specimen(name, about, expected, Issue(security=ChipSecurity(pace=(offer,))))


_PLAIN = (
    Specimen("bac", "A passport of the years before PACE: BAC, no chip authentication."),
    Specimen("pace-ca", "PACE generic mapping and chip authentication.", PACE, Issue(security=PACE_AND_CA)),
    Specimen(
        "full",
        "LDS 1.8 with every protocol and every data group; fingerprints stay shut without a terminal's keys.",
        CAM,
        Issue(
            security=ChipSecurity(
                pace=(pace_offer(13, _CAM), pace_offer(13, _GENERIC)),
                chip_keys=(KeyChoice(13),),
                active="ecdsa-brainpoolP256r1",
                terminal=True,
            ),
            groups=(3, 4, 5, 7, 11, 12, 13, 16),
            form=SodForm(version=1),
        ),
    ),
    *(
        Specimen(
            f"country-{c.state_code.lower()}",
            f"{c.name} signs with {c.scheme}.",
            issue=Issue(state=c.state_code),
        )
        for c in TRUSTED[1:]
    ),
)

_PROTOCOLS = (
    _pace("pace-dh-gm-3des", 0, _GENERIC, Cipher.TRIPLE_DES),
    _pace("pace-dh-gm-2048", 2, _GENERIC, Cipher.AES_128),
    _pace("pace-dh-im", 1, _INTEGRATED, Cipher.AES_128),
    _pace("pace-ecdh-gm-3des", 12, _GENERIC, Cipher.TRIPLE_DES),
    _pace("pace-ecdh-gm-aes256", 16, _GENERIC, Cipher.AES_256),
    _pace("pace-ecdh-gm-p521", 18, _GENERIC, Cipher.AES_256),
    _pace("pace-ecdh-im", 13, _INTEGRATED, Cipher.AES_128),
    _pace("pace-ecdh-im-aes192", 15, _INTEGRATED, Cipher.AES_192),
    _pace("pace-cam", 13, _CAM, Cipher.AES_128),
    _pace("pace-cam-aes256", 17, _CAM, Cipher.AES_256),
    Specimen(
        "pace-gm-and-im",
        "Advertises generic and integrated mapping side by side.",
        PACE,
        Issue(security=ChipSecurity(pace=(pace_offer(12), pace_offer(12, _INTEGRATED)))),
    ),
    Specimen(
        "pace-own-parameters",
        "PACE over domain parameters that the chip writes out instead of naming them.",
        PACE,
        Issue(security=ChipSecurity(pace=(pace_offer(13),), own_parameters=True)),
    ),
    Specimen(
        "pace-only",
        "Refuses BAC altogether.",
        PACE,
        Issue(security=replace(PACE_AND_CA, bac=False)),
    ),
    *(
        Specimen(
            f"aa-{name}",
            f"Active authentication with {name}.",
            issue=Issue(security=replace(BAC_ONLY, active=name)),
        )
        for name in ACTIVE_KEYS
    ),
    Specimen(
        "ca-3des",
        "Chip authentication with 3DES, by MSE:Set KAT, on a curve without a common implementation.",
        issue=Issue(security=ChipSecurity(chip_keys=(KeyChoice(11, (Cipher.TRIPLE_DES,)),))),
    ),
    Specimen(
        "ca-dh",
        "Chip authentication by Diffie-Hellman modulo a prime.",
        issue=Issue(security=ChipSecurity(chip_keys=(KeyChoice(2, (Cipher.AES_256,)),))),
    ),
    Specimen(
        "ca-key-ids",
        "Three chip authentication keys, told apart by number.",
        issue=Issue(
            security=ChipSecurity(
                chip_keys=(KeyChoice(12, key_id=1), KeyChoice(13, key_id=2), KeyChoice(16, key_id=3))
            )
        ),
    ),
    Specimen(
        "ca-info-missing",
        "DG14 has a chip authentication key, but does not say how it is used: 3DES is meant.",
        issue=Issue(security=ChipSecurity(chip_keys=(KeyChoice(12, (Cipher.TRIPLE_DES,), listed=False),))),
    ),
    Specimen(
        "dg14-unsorted",
        "The entries of DG14 are not in DER's order; their hash is that of the file as it is.",
        PACE,
        Issue(security=replace(PACE_AND_CA, sorted_infos=False)),
    ),
    Specimen(
        "ca-standardized",
        "The chip authentication key names standardized domain parameters.",
        issue=Issue(security=ChipSecurity(chip_keys=(KeyChoice(13, standardized=True),))),
    ),
)

_SELECTING = (
    *(
        Specimen(
            f"mf-{sw:04x}",
            f"SELECT MF is answered {sw:04X}; EF.CardAccess can be read all the same.",
            PACE,
            Issue(security=PACE_AND_CA),
            manners=_manners(f"mf-{sw:04x}", "", select_mf_sw=sw),
        )
        for sw in (0x6986, 0x6D00, 0x6985, 0x6A87, 0x6A82)
    ),
    Specimen(
        "mf-left-for-good",
        "Nothing of the MF is found once the application is selected.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("mf-left-for-good", "", leaves_mf_for_good=True),
    ),
    Specimen(
        "card-access-odd",
        "EF.CardAccess with an unknown and a too short entry, not sorted.",
        PACE,
        Issue(security=PACE_AND_CA),
        alterations.card_access_with_odd_entries,
    ),
    Specimen(
        "directory-of-several",
        "EF.DIR lists two other applications first.",
        PACE,
        Issue(security=PACE_AND_CA),
        alterations.directory_of_several,
    ),
    Specimen(
        "directory-refused",
        "EF.DIR is answered 6982.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("directory-refused", "", directory_sw=SW.SECURITY_STATUS_NOT_SATISFIED),
    ),
    Specimen(
        "atr-info-missing",
        "There is no EF.ATR/INFO; what the chip can do has to be found out.",
        PACE,
        Issue(security=PACE_AND_CA),
        alterations.without("EF.ATR/INFO"),
    ),
    Specimen(
        "pace-parameter-id",
        "MSE:Set AT is refused without the domain parameters' number.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("pace-parameter-id", "", pace_needs_parameter_id=True),
    ),
    Specimen(
        "pace-short-nonce",
        "PACE with AES-256 and a nonce of one block, as libeac chooses it.",
        PACE,
        Issue(security=ChipSecurity(pace=(pace_offer(12, _GENERIC, Cipher.AES_256),))),
        manners=_manners("pace-short-nonce", "", pace_short_nonce=True),
    ),
    Specimen(
        "pace-im-no-answer",
        "Integrated mapping is answered with nothing instead of an empty data object.",
        PACE,
        Issue(security=ChipSecurity(pace=(pace_offer(13, _INTEGRATED),))),
        manners=_manners("pace-im-no-answer", "", pace_omits_empty_answer=True),
    ),
)

_READING = (
    *(
        Specimen(profile.name, profile.about, PACE, Issue(security=PACE_AND_CA), manners=profile)
        for profile in PROFILES.values()
        if profile is not ORDINARY
    ),
    Specimen(
        "reads-256-6b00",
        "More than 216 bytes are answered 6B00, and the next command 6988.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners(
            "reads-256-6b00",
            "",
            extended_length=False,
            read_limit=216,
            overlong_read=OverlongRead.WRONG_OFFSET,
        ),
    ),
    Specimen(
        "bare-6700",
        "An extended read is answered 6700 in the clear; the channel stays, but the counters differ.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("bare-6700", "", extended_length=False, keeps_channel_after_length_error=True),
    ),
    Specimen(
        "application-only",
        "Nothing before the application; no extended length, no short identifiers, errors in the clear.",
        manners=_manners(
            "application-only",
            "",
            application_only=True,
            extended_length=False,
            short_identifiers=False,
            errors_in_clear=True,
        ),
    ),
    Specimen(
        "status-altered-outside",
        "The status word behind a protected answer is another than the protected one, which alone counts.",
        PACE,
        Issue(security=PACE_AND_CA),
        interposer=interference.AlteredStatus,
    ),
    Specimen(
        "response-chaining",
        "Long answers to short commands come in parts, by 61xx.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("response-chaining", "", extended_length=False, response_chaining=True),
    ),
    Specimen(
        "small-buffer",
        "Extended length with a buffer of 1 KiB only.",
        PACE,
        Issue(security=PACE_AND_CA),
        manners=_manners("small-buffer", "", response_buffer=1024),
    ),
    Specimen(
        "aa-truncated-at-small-le",
        "The signature is cut to the length that was asked for, whatever that is.",
        issue=Issue(security=replace(BAC_ONLY, active="rsa-1024-sha256")),
        manners=_manners("aa-truncated-at-small-le", "", truncates_signature=True),
    ),
    Specimen(
        "aa-nothing-at-maximal-le",
        "INTERNAL AUTHENTICATE with Le 65536 is answered 9000 and no signature.",
        issue=Issue(security=replace(BAC_ONLY, active="rsa-1024-sha256")),
        manners=_manners("aa-nothing-at-maximal-le", "", signs_nothing_at_maximal_le=True),
    ),
    *(
        Specimen(
            f"link-{rate // 1000}",
            f"An ordinary chip at {rate // 1000} kbit/s.",
            PACE,
            Issue(security=PACE_AND_CA),
            link=LinkParameters(bit_rate=rate),
        )
        for rate in BIT_RATES
    ),
)

_DATA = (
    Specimen("dg2-jpeg", "The portrait is a JPEG file.", issue=Issue(coding=Coding.JPEG)),
    Specimen(
        "dg2-codestream",
        "The portrait is a bare JPEG 2000 codestream.",
        issue=Issue(coding=Coding.CODESTREAM),
    ),
    Specimen("dg2-39794", "The portrait is in an ISO/IEC 39794-5 block.", issue=Issue(iso39794=True)),
    Specimen(
        "lds-1.8",
        "Security object version 1 with the LDS version inside.",
        issue=Issue(form=SodForm(version=1)),
    ),
    Specimen(
        "details",
        "Personal and document details, signature, persons to notify.",
        issue=Issue(groups=(7, 11, 12, 16)),
    ),
)

_SIGNING = (
    Specimen(
        "sod-legacy-oid",
        "The security object has the object identifier of the first years.",
        issue=Issue(form=SodForm(content_type=LEGACY_LDS_SECURITY_OBJECT)),
    ),
    Specimen(
        "sod-utf8-issuer",
        "The security object names the signer's issuer in another string type than the certificate.",
        issue=Issue(form=SodForm(utf8_issuer=True)),
    ),
    Specimen(
        "sod-sha512-hashes",
        "The data groups are hashed with SHA-512, the signature with SHA-256.",
        issue=Issue(form=SodForm(digest="sha512")),
    ),
    Specimen(
        "sod-pss-under-pkcs1",
        "An RSA signer certified with PKCS#1 signs the security object with PSS.",
        issue=Issue(state="QMA", form=SodForm(signature=SCHEMES["rsa-pss-2048"])),
    ),
    Specimen(
        "sod-pss-sha512",
        "PSS with SHA-512 and its longer salt, under a certificate for SHA-256.",
        issue=Issue(state="QNA", form=SodForm(signature=RsaScheme("rsa-pss-sha512", "sha512", pss=True))),
    ),
)

SOUND: tuple[Specimen, ...] = (*_PLAIN, *_PROTOCOLS, *_SELECTING, *_READING, *_DATA, *_SIGNING)
